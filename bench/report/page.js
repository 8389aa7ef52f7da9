// Draws the results that stand in the page: bars with whiskers, percentile curves by nines, sweeps over rates, tables, facts.
// Behind each canvas it says in data-drawn how many pixels of its data's colours there are, and in the body how many charts drew none.
'use strict';

const results = JSON.parse(document.getElementById('results').textContent);
const colours = { ours: '#1f6feb', peer: '#97a3b6', yard: '#e0952b' };
const lines = ['#1f6feb', '#d4452f', '#1a936f', '#8b4fd9', '#e0952b', '#0b8fb3', '#b5367f', '#64748b', '#6b8e23'];
const titles = { machine: 'The machine', ring: 'Ring', journal: 'Journal', windows: 'Windows', rules: 'Rules', replay: 'Replay', pipeline: 'Whole engine' };
const order = ['pipeline', 'ring', 'journal', 'windows', 'rules', 'replay', 'machine'];

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function short(value) {
  const size = Math.abs(value);
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : size >= 1 ? value.toFixed(2) : value === 0 ? '0' : value.toPrecision(3);
}

const isYardstick = (series) => series.judged === false || /^(L|K|S|M|N)(\(|:)|^K |^[BD]'|^bare/.test(series.name);
const kind = (series) => series.peer ? 'peer' : isYardstick(series) ? 'yard' : 'ours';

function groupsOf(list) {
  const groups = new Map();
  for (const item of list) groups.set(item.group, [...(groups.get(item.group) || []), item]);
  return groups;
}

// --- charts ---

Chart.defaults.animation = false;
Chart.defaults.font.family = 'system-ui, "Segoe UI", Helvetica, Arial, sans-serif';
Chart.defaults.font.size = 12;
Chart.defaults.color = '#5c6778';
Chart.defaults.devicePixelRatio = 2;
Chart.defaults.maintainAspectRatio = false;
Chart.defaults.plugins.legend.labels.boxWidth = 14;
Chart.defaults.plugins.legend.position = 'bottom';
Chart.defaults.plugins.legend.align = 'start';

const charts = [];
let drawing = '';  // the command whose section is being made

function plot(card, height, name, config) {
  const canvas = element('canvas', { id: `chart-${charts.length}` });
  canvas.dataset.name = `${drawing} ${name}`;
  const box = element('div', { className: 'plot' }, canvas);
  box.style.height = `${height}px`;
  card.append(box);
  charts.push({ canvas, config });
}

const whiskers = {
  id: 'whiskers',
  afterDatasetsDraw(chart) {
    const { ctx, scales: { x } } = chart;
    const rows = chart.config.options.rows;
    ctx.save();
    chart.getDatasetMeta(0).data.forEach((bar, i) => {
      const low = x.getPixelForValue(Math.min(...rows[i].values)), high = x.getPixelForValue(Math.max(...rows[i].values));
      ctx.strokeStyle = '#1c2430';
      ctx.lineWidth = 1.2;
      ctx.beginPath();
      ctx.moveTo(low, bar.y); ctx.lineTo(high, bar.y);
      ctx.moveTo(low, bar.y - 4); ctx.lineTo(low, bar.y + 4);
      ctx.moveTo(high, bar.y - 4); ctx.lineTo(high, bar.y + 4);
      ctx.stroke();
      ctx.fillStyle = '#1c2430';
      ctx.textBaseline = 'middle';
      const row = rows[i];
      ctx.fillText(short(row.median) + (row.ratio ? `   ${short(row.ratio.value)} x ${row.ratio.label}` : ''), Math.max(high, bar.x) + 8, bar.y);
    });
    ctx.restore();
  },
};

// Lines of at most 34 characters, broken at spaces.
function wrap(text) {
  const wrapped = [''];
  for (const word of text.split(' ')) {
    const last = wrapped[wrapped.length - 1];
    if (last && last.length + word.length > 33) wrapped.push(word);
    else wrapped[wrapped.length - 1] = last ? `${last} ${word}` : word;
  }
  return wrapped;
}

function bars(card, group, rows) {
  const unit = rows[0].unit;
  const most = Math.max(...rows.map((row) => Math.max(...row.values)));
  plot(card, 50 + 34 * rows.length, group, {
    type: 'bar',
    data: {
      labels: rows.map((row) => wrap(row.name)),
      datasets: [{ data: rows.map((row) => row.median), backgroundColor: rows.map((row) => colours[kind(row)]), borderRadius: 3, minBarLength: 4, barPercentage: 0.72, categoryPercentage: 0.95 }],
    },
    options: {
      indexAxis: 'y', rows,
      plugins: { legend: { display: false } },
      scales: {
        x: { beginAtZero: true, max: most * 1.6, title: { display: true, text: `${unit}, ${rows[0].higher_is_better ? 'more' : 'less'} is better` }, grid: { color: '#edf0f5' },
             ticks: { callback: (value) => value > most * 1.05 ? '' : short(value) } },
        y: { grid: { display: false }, ticks: { color: '#1c2430', autoSkip: false, font: { size: 11 } } },
      },
    },
    plugins: [whiskers],
  });
}

// x: 1 / (1 - percentile), so that every nine takes the same room.
const nines = { 1: '0 %', 10: '90 %', 100: '99 %', 1000: '99.9 %', 10000: '99.99 %', 100000: '99.999 %', 1000000: '99.9999 %' };

function curves(card, group, list) {
  const datasets = list.map((curve, i) => ({
    label: curve.name,
    data: curve.points.filter(([level]) => level < 100).map(([level, ns]) => ({ x: 100 / (100 - level), y: Math.max(ns, 20) / 1000 })),
    borderColor: curve.noise ? '#aab3c2' : lines[i % lines.length], backgroundColor: curve.noise ? '#aab3c2' : lines[i % lines.length],
    borderDash: curve.noise ? [5, 4] : [], borderWidth: 2, pointRadius: 0, tension: 0,
  }));
  plot(card, 380, group, {
    type: 'line', data: { datasets },
    options: {
      parsing: false,
      scales: {
        x: { type: 'logarithmic', min: 1, title: { display: true, text: 'percentile' }, grid: { color: '#edf0f5' },
             afterBuildTicks: (axis) => { axis.ticks = Object.keys(nines).map(Number).filter((v) => v <= axis.max).map((value) => ({ value })); },
             ticks: { callback: (value) => nines[value] || '' } },
        y: { type: 'logarithmic', title: { display: true, text: 'microseconds' }, grid: { color: '#edf0f5' },
             ticks: { callback: (value) => Number.isInteger(Math.log10(value)) || Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9 ? value.toLocaleString('en') : '' } },
      },
    },
  });
}

function sweep(card, group, points) {
  const names = [...new Set(points.map((point) => point.line))];
  plot(card, 340, group, {
    type: 'line',
    data: { datasets: names.map((name, i) => ({
      label: name, data: points.filter((point) => point.line === name).map((point) => ({ x: point.x, y: point.median })).sort((a, b) => a.x - b.x),
      borderColor: lines[i % lines.length], backgroundColor: lines[i % lines.length], borderWidth: 2, pointRadius: 3.5, tension: 0 })) },
    options: {
      parsing: false,
      scales: {
        x: { type: 'linear', beginAtZero: true, title: { display: true, text: 'planned rate, M events/s' }, grid: { color: '#edf0f5' } },
        y: { type: points[0].unit === 'us' ? 'logarithmic' : 'linear', beginAtZero: true, title: { display: true, text: points[0].unit === 'us' ? 'microseconds' : points[0].unit },
             grid: { color: '#edf0f5' }, ticks: { callback: (value) => points[0].unit !== 'us' || Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9 ? value.toLocaleString('en') : '' } },
      },
    },
  });
}

// One bar per group of parts that add up, in percent: where the time goes.
function shares(card, groups) {
  const parts = groups[0][1].filter((row) => row.ratio);
  const whole = groups.map(([, rows]) => rows.find((row) => !row.ratio).median);
  plot(card, 110 + 62 * groups.length, 'where the time goes', {
    type: 'bar',
    data: {
      labels: groups.map(([group], i) => [group.replace('where the time goes, ', ''), `${short(whole[i])} us in the mean`]),
      datasets: parts.map((part, p) => ({
        label: part.name, backgroundColor: lines[p % lines.length], barPercentage: 0.8,
        data: groups.map(([, rows], i) => 100 * rows.find((row) => row.name === part.name).median / Math.max(whole[i], 1e-9)) })),
    },
    options: {
      indexAxis: 'y',
      scales: {
        x: { stacked: true, max: 100, title: { display: true, text: '% of the time of these events' }, grid: { color: '#edf0f5' } },
        y: { stacked: true, grid: { display: false }, ticks: { color: '#1c2430' } },
      },
    },
  });
}

// Of the slowest events beside all others: how many had which cause.
function causes(card, rows) {
  const suffix = ', all other events';
  const slowest = rows.filter((row) => !row.name.endsWith(suffix));
  const others = slowest.map((row) => rows.find((other) => other.name === row.name + suffix).median);
  plot(card, 90 + 46 * slowest.length, 'what the slowest had in common', {
    type: 'bar',
    data: {
      labels: slowest.map((row) => wrap(row.name)),
      datasets: [{ label: 'the slowest thousandth', data: slowest.map((row) => row.median), backgroundColor: colours.ours, borderRadius: 3 },
                 { label: 'all other events', data: others, backgroundColor: colours.peer, borderRadius: 3 }],
    },
    options: {
      indexAxis: 'y',
      scales: { x: { min: 0, max: 100, title: { display: true, text: '% of events that lost a tenth of their time to it, or more' }, grid: { color: '#edf0f5' } },
                y: { grid: { display: false }, ticks: { color: '#1c2430', font: { size: 11 } } } },
    },
  });
}

// --- text ---

function table(rows) {
  const head = element('tr', {}, ...['', 'median', '', 'spread', 'ratio'].map((text, i) => element('th', { textContent: text, className: i === 1 || i === 3 ? 'number' : '' })));
  const body = rows.map((row) => element('tr', {},
    element('td', { textContent: row.name }), element('td', { className: 'number', textContent: short(row.median) }), element('td', { textContent: row.unit }),
    element('td', { className: row.noisy ? 'number noisy' : 'number', textContent: `${row.spread_percent.toFixed(0)} %` }),
    element('td', { textContent: row.ratio ? `${short(row.ratio.value)} x ${row.ratio.label}` : '' })));
  return element('table', {}, head, ...body);
}

function tables(result) {
  const details = element('details', {}, element('summary', { textContent: `All ${result.series.length} figures of ${result.runs} runs; orange: the median is not known to 15 %` }));
  for (const [group, rows] of groupsOf(result.series)) details.append(element('h3', { textContent: group, style: 'margin-top:14px' }), table(rows));
  return details;
}

function facts(result) {
  const details = element('details', {}, element('summary', { textContent: 'Machine, build and command' }));
  details.append(element('table', {}, ...Object.entries(result.facts).map(([name, value]) => element('tr', {}, element('td', { textContent: name }), element('td', { textContent: value })))));
  return details;
}

function legend() {
  const dot = (colour) => element('span', { className: 'dot', style: `background:${colour}` });
  return element('p', { className: 'legend' }, dot(colours.ours), 'Pawl', dot(colours.peer), 'peers', dot(colours.yard), 'yardsticks of this machine');
}

function section(result) {
  drawing = result.command;
  const part = element('section', { id: result.command }, element('h2', { textContent: titles[result.command] || result.command }),
    element('code', { className: 'command', textContent: result.arguments }));
  const cards = element('div', { className: 'cards' });
  const card = (title, wide) => {
    const made = element('div', { className: wide ? 'card wide' : 'card' }, element('h3', { textContent: title }));
    cards.append(made);
    return made;
  };
  for (const [group, list] of groupsOf(result.curves)) curves(card(`Latency, ${group}`, result.curves.length > 4), group, list);
  const groups = [...groupsOf(result.series)];
  for (const [group, rows] of groups.filter(([, one]) => one[0].x !== undefined)) sweep(card(group.replace('sweep: ', 'Sweep: ')), group, rows);
  const isShare = (group) => group.startsWith('where the time goes'), isCause = (group) => group.startsWith('what the slowest');
  const shared = groups.filter(([group]) => isShare(group));
  if (shared.length) shares(card('Where the time of an event goes', true), shared);
  for (const [group, rows] of groups.filter(([one]) => isCause(one))) causes(card('What the slowest thousandth had in common'), rows);
  for (const [group, rows] of groups) {
    if (rows[0].x !== undefined || isShare(group) || isCause(group)) continue;
    if (rows[0].unit !== 'us') {
      const made = card(group, rows.length > 7);
      made.append(legend());
      bars(made, group, rows);
    }
  }
  part.append(cards);
  if (result.notes.length) part.append(element('p', { className: 'notes', textContent: result.notes.join('\n') }));
  part.append(element('p', { className: 'notes', textContent: result.verdict || `Meanwhile: ${result.disturbance}.` }), tables(result), facts(result));
  return part;
}

// The best of ours in the group whose name begins so.
function headline(command, group, name, text) {
  const result = results.find((one) => one.command === command);
  const rows = result ? result.series.filter((row) => row.group.startsWith(group) && row.name.includes(name) && !row.peer) : [];
  if (!rows.length) return;
  const best = rows.reduce((a, b) => ((a.median > b.median) === a.higher_is_better ? a : b));
  document.getElementById('headlines').append(element('div', { className: 'headline' }, element('span', { textContent: text }),
    element('b', {}, `${short(best.median)} `, element('small', { textContent: best.unit })), element('span', { textContent: best.ratio ? `${short(best.ratio.value)} x ${best.ratio.label}` : `median of ${best.values.length}` })));
}

// --- the page ---

function drawnPixels(chart) {
  const wanted = new Set(chart.config.data.datasets.flatMap((set) => [set.backgroundColor].flat()).map((c) => parseInt(c.slice(1), 16)));
  const { width, height } = chart.canvas;
  const data = chart.canvas.getContext('2d').getImageData(0, 0, width, height).data;
  let pixels = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255 && wanted.has(data[i] << 16 | data[i + 1] << 8 | data[i + 2])) ++pixels;
  return pixels;
}

headline('pipeline', 'whole engine', 'payments to decisions', 'payments to durable decisions');
headline('pipeline', 'open loop', 'decision, not waiting for the disk p50', 'decision, p50');
headline('pipeline', 'open loop', 'durable and emitted p50', 'durable and emitted, p50');
headline('ring', 'ring, 1 to 1, batches', 'pawl', 'ring, 64-byte events, batches of 16');
headline('ring', 'one way', 'pawl', 'ring, one way, idle');
headline('journal', 'journal, GB/s', 'disk, written, segment prepared before', 'journal, every block on the device');
for (const command of order) {
  const result = results.find((one) => one.command === command);
  if (result) document.getElementById('sections').append(section(result));
}
let empty = 0;
for (const { canvas, config } of charts) {
  const pixels = drawnPixels(new Chart(canvas, config));
  canvas.dataset.drawn = pixels;
  if (pixels < 20) ++empty;
}
document.body.dataset.charts = charts.length;
document.body.dataset.empty = empty;
// For pictures: each chart as an image, on white.
if (location.hash === '#pictures') {
  for (const { canvas } of charts) {
    const copy = element('canvas', { width: canvas.width, height: canvas.height });
    const context = copy.getContext('2d');
    context.fillStyle = '#ffffff';
    context.fillRect(0, 0, copy.width, copy.height);
    context.drawImage(canvas, 0, 0);
    const picture = element('img', { className: 'picture', src: copy.toDataURL('image/png') });
    picture.dataset.name = canvas.dataset.name;
    document.body.append(picture);
  }
}
