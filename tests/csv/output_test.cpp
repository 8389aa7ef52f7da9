#include "csv/output.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <rapidcheck.h>
#include <string>
#include <vector>

#include "files.hpp"
#include "csv/input.hpp"

using namespace pawl;
using csv::decisions_header;
using csv::Writer;

namespace {

void decision(Writer& writer, Sequence sequence, std::string_view id = "7") {
  const std::array<std::string_view, 2> rules{"hard_limit", "velocity_1h"};
  writer.integer(sequence);
  writer.text(id);
  writer.text("decline");
  writer.integer(900);
  writer.list(rules);
  writer.end_row();
}

std::string row(Sequence sequence, const std::string& id = "7") {
  return std::to_string(sequence).append(",").append(id).append(",decline,900,hard_limit;velocity_1h\n");
}

Writer opened(const std::string& path, bool continue_existing) {
  auto writer = Writer::open({.path = path, .continue_existing = continue_existing}, decisions_header);
  REQUIRE_MESSAGE(writer.ok(), (writer.ok() ? std::string() : writer.error().text));
  return *std::move(writer);
}

std::string unpacked(const std::string& path) {
  auto file = csv::InputFile::open(path);
  REQUIRE(file.ok());
  std::string text;
  std::array<char, 4096> piece{};
  for (;;) {
    const auto got = file->read(piece);
    REQUIRE_MESSAGE(got.ok(), (got.ok() ? std::string() : got.error().text));
    if (*got == 0) return text;
    text.append(piece.data(), *got);
  }
}

const std::string head = std::string(decisions_header).append("\n");

}  // namespace

TEST_CASE("values are written as the contract says, quoted only where they must be") {
  const csv_test::Folder folder;
  const std::string path = folder.path() + "/f.csv";
  auto writer = Writer::open({.path = path}, "sequence,id,a,b,c,d,e");
  REQUIRE(writer.ok());
  writer->integer(0);
  writer->text("a \"b\", c\n");
  writer->number({.kind = Kind::money, .scale = 2}, 22'000);
  writer->ratio({.kind = Kind::money, .ratio = true, .scale = 2}, {100, 3});
  writer->missing();
  writer->floating(0.1);
  writer->number({.kind = Kind::enumeration}, 1, std::array<std::string, 2>{"x", "y"});
  writer->end_row();
  CHECK(writer->rows() == 1);
  REQUIRE(writer->close().ok());
  CHECK(csv_test::content(path) == "sequence,id,a,b,c,d,e\n0,\"a \"\"b\"\", c\n\",220.00,0.3333333333333333,,0.1,y\n");
}

TEST_CASE("a decisions file has one form") {
  const csv_test::Folder folder;
  const std::string path = folder.path() + "/d.csv";
  Writer writer = opened(path, false);
  CHECK(csv_test::content(path) == head);  // at once
  decision(writer, 0);
  decision(writer, 1, "");
  REQUIRE(writer.flush().ok());
  CHECK(csv_test::content(path) == head + row(0) + row(1, ""));
}

TEST_CASE("a plain file cut at any byte is continued without a torn or doubled row") {
  const csv_test::Folder folder;
  const std::string quoted = "\"a\n\"\"5,\n\"";
  const std::vector<std::string> rows{row(0), row(1, quoted), row(1, "x"), row(12, quoted), row(13)};
  std::string whole = head;
  for (const std::string& text : rows) whole += text;
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    for (const std::string& tail : {std::string(), std::string(37, '\0')}) {
      const std::string path = folder.file("d.csv", whole.substr(0, cut) + tail);
      std::string kept;
      if (cut >= head.size()) kept = head;
      Sequence last = no_sequence;
      std::uint64_t of_last = 0;
      for (const std::string& text : rows) {
        if (kept.empty() || kept.size() + text.size() > cut) break;
        kept += text;
        of_last = std::stoll(text) == last ? of_last + 1 : 1;
        last = std::stoll(text);
      }
      CAPTURE(cut);
      Writer writer = opened(path, true);
      REQUIRE(writer.continuation().last_sequence == last);
      REQUIRE(writer.continuation().rows_of_last == of_last);
      REQUIRE(writer.continuation().bytes_cut == cut + tail.size() - kept.size());
      decision(writer, 99);
      REQUIRE(writer.close().ok());
      REQUIRE(csv_test::content(path) == (kept.empty() ? head : kept) + row(99));
    }
  }
}

TEST_CASE("a zstd file cut at any byte is continued from its last whole frame") {
  const csv_test::Folder folder;
  const std::string path = folder.path() + "/d.csv.zst";
  std::vector<std::size_t> ends;
  {
    Writer writer = opened(path, false);
    ends.push_back(csv_test::content(path).size());
    for (Sequence sequence = 0; sequence < 6; ++sequence) {
      decision(writer, sequence);
      if (sequence % 2 == 1) {
        REQUIRE(writer.flush().ok());
        ends.push_back(csv_test::content(path).size());
      }
    }
  }
  const std::string whole = csv_test::content(path);
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    CAPTURE(cut);
    const std::string copy = folder.file("c.csv.zst", whole.substr(0, cut));
    std::size_t frames = 0;
    while (frames < ends.size() && ends[frames] <= cut) ++frames;
    const Sequence last = frames < 2 ? no_sequence : static_cast<Sequence>(2 * (frames - 1)) - 1;
    Writer writer = opened(copy, true);
    REQUIRE(writer.continuation().last_sequence == last);
    decision(writer, 99);
    REQUIRE(writer.close().ok());
    std::string text = head;
    for (Sequence sequence = 0; sequence <= last; ++sequence) text += row(sequence);
    REQUIRE(unpacked(copy) == text + row(99));
  }
  std::string torn = whole;  // the last frame is of the right size, but part of it never reached the device
  std::fill(torn.end() - 20, torn.end() - 10, '\0');
  const std::string copy = folder.file("t.csv.zst", torn);
  CHECK(opened(copy, true).continuation().last_sequence == 3);
}

TEST_CASE("rows of one sequence are counted over the frames of a zstd file") {
  const csv_test::Folder folder;
  const std::string path = folder.path() + "/d.csv.zst";
  std::uint64_t rows = 0;
  for (const Sequence sequence : {0, 1, 7, 7, 7, 7, 7, 7}) {
    Writer writer = opened(path, rows > 0);
    REQUIRE(writer.continuation().rows_of_last == (rows > 3 ? rows - 2 : rows > 0 ? 1 : 0));
    decision(writer, sequence);
    REQUIRE(writer.close().ok());
    ++rows;
  }
  CHECK(opened(path, true).continuation().rows_of_last == 6);
  const std::string one = folder.path() + "/one.csv.zst";  // the first frame too
  for (int i = 0; i < 3; ++i) {
    Writer writer = opened(one, i > 0);
    decision(writer, 5);
    REQUIRE(writer.close().ok());
  }
  CHECK(opened(one, true).continuation().rows_of_last == 3);
}

TEST_CASE("a file that is none of ours is neither continued nor cut") {
  const csv_test::Folder folder;
  const auto refused = [&](const std::string& name, const std::string& content, std::string_view reason) {
    const std::string path = folder.file(name, content);
    const auto writer = Writer::open({.path = path, .continue_existing = true}, decisions_header);
    REQUIRE_FALSE(writer.ok());
    CHECK(writer.error().code == ErrorCode::bad_data);
    CHECK(writer.error().text == path + ": " + std::string(reason) + ", so it is not continued; name another file or move this one away");
    CHECK(csv_test::content(path) == content);
  };
  refused("a.csv", "id,at\n1,2\n", "has another header than `sequence,id,decision,score,rules`");
  refused("b.csv", head + "x,1,approve,0,\n", "has a row that does not start with a sequence");
  refused("c.csv", "one line without an end", "is not one of this command's files");
  refused("d.csv", std::string("\x7F" "ELF\0\0\0\0", 8), "is not one of this command's files");
  refused("e.csv.zst", csv_test::packed("id,at\n1,2\n"), "has another header than `sequence,id,decision,score,rules`");
  refused("f.csv.zst", "plain text", "is not one of this command's files");
}

TEST_CASE("rows longer than the buffer, and many of them") {
  const csv_test::Folder folder;
  for (const std::string name : {"d.csv", "d.csv.zst"}) {
    const std::string path = folder.path() + "/" + name;
    Writer writer = opened(path, false);
    std::string text = head;
    for (Sequence sequence = 0; sequence < 30'000; ++sequence) {
      const std::string id(sequence % 10'000 == 0 ? 700'000 : 3, 'i');
      decision(writer, sequence, id);
      text += row(sequence, id);
    }
    REQUIRE(writer.flush().ok());
    REQUIRE(writer.sync().ok());
    CHECK(unpacked(path) == text);
    CHECK(opened(path, true).continuation().last_sequence == 29'999);
    CHECK(unpacked(path) == text);
  }
}

TEST_CASE("an output that cannot be written says so and stays so") {
  CHECK(Writer::open({.path = "/does/not/exist/d.csv"}, decisions_header).error().text.starts_with("cannot open /does/not/exist/d.csv: "));
  const auto full = Writer::open({.path = "/dev/full"}, decisions_header);
  REQUIRE_FALSE(full.ok());
  CHECK(full.error().code == ErrorCode::disk_full);
}

TEST_CASE("JSON lines, plain and packed, cut at any byte are continued without a torn or doubled line") {
  const csv_test::Folder folder;
  const auto line = [](int sequence) { return "{\"sequence\":" + std::to_string(sequence) + ",\"text\":\"a \\\"quoted, {text\"}"; };
  for (const std::string name : {"/d.jsonl", "/d.jsonl.zst"}) {
    const std::string path = folder.path() + name;
    const auto open = [&] {
      auto writer = Writer::open({.path = path, .continue_existing = true}, csv::FileForm::json_lines());
      REQUIRE_MESSAGE(writer.ok(), (writer.ok() ? std::string() : writer.error().text));
      return *std::move(writer);
    };
    std::string whole;
    {
      Writer writer = open();
      for (const int sequence : {3, 5, 100}) {
        writer.line(line(sequence));
        REQUIRE(writer.flush().ok());
        whole += line(sequence) + "\n";
      }
      REQUIRE(writer.close().ok());
    }
    CHECK(unpacked(path) == whole);
    const std::string bytes = csv_test::content(path);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      CAPTURE(cut);
      (void)folder.file(name.substr(1), bytes.substr(0, cut));
      Writer writer = open();
      for (const int sequence : {3, 5, 100}) {
        if (sequence > writer.continuation().last_sequence) writer.line(line(sequence));
      }
      REQUIRE(writer.close().ok());
      REQUIRE(unpacked(path) == whole);
    }
    (void)folder.file(name.substr(1), "{\"other\":1}\n");
    CHECK_FALSE(Writer::open({.path = path, .continue_existing = true}, csv::FileForm::json_lines()).ok());
  }
}

TEST_CASE("binary records, plain and packed, cut at any byte or with any byte changed are continued behind the last whole one") {
  const csv_test::Folder folder;
  const std::string header = std::string("HEAD") + '\0' + "of 8";
  const csv::FileForm form = csv::FileForm::records(header, 16 + csv::FileForm::check_bytes);
  const auto record = [](Sequence sequence) {
    std::string bytes(16, '\0');
    std::memcpy(bytes.data(), &sequence, sizeof sequence);
    bytes[9] = '\n';
    return bytes;
  };
  constexpr std::array<Sequence, 4> sequences{3, 5, 5, 100};
  for (const std::string name : {"/d.decisions", "/d.decisions.zst"}) {
    const std::string path = folder.path() + name;
    const auto write = [&] {
      auto writer = Writer::open({.path = path, .continue_existing = true}, form);
      REQUIRE_MESSAGE(writer.ok(), (writer.ok() ? std::string() : writer.error().text));
      const auto& [last, rows_of_last, bytes_cut] = writer->continuation();
      const std::size_t there = last < 3 ? 0 : last == 3 ? 1 : last == 5 ? 1 + rows_of_last : 4;
      for (std::size_t i = there; i < sequences.size(); ++i) {
        writer->record(record(sequences[i]));
        REQUIRE(writer->flush().ok());
      }
      REQUIRE(writer->close().ok());
    };
    write();
    const std::string whole = unpacked(path), bytes = csv_test::content(path);
    REQUIRE(whole.size() == header.size() + 4 * 24);
    CHECK(whole.substr(0, header.size()) == header);
    CHECK(csv::find_whole_rows(path, form)->last_sequence == 100);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      CAPTURE(cut);
      (void)folder.file(name.substr(1), bytes.substr(0, cut));
      write();
      REQUIRE(unpacked(path) == whole);
    }
    if (path.ends_with(".zst")) continue;  // a frame has a checksum of its own
    for (std::size_t changed = header.size(); changed < bytes.size(); ++changed) {
      CAPTURE(changed);
      std::string other = bytes;
      other[changed] = static_cast<char>(other[changed] ^ 4);
      (void)folder.file(name.substr(1), other);
      CHECK(csv::find_whole_rows(path, form)->bytes_cut == bytes.size() - (header.size() + (changed - header.size()) / 24 * 24));
      write();
      REQUIRE(unpacked(path) == whole);
    }
    (void)folder.file(name.substr(1), std::string("HEAD") + '\0' + "of 9" + bytes.substr(header.size()));
    CHECK(csv::find_whole_rows(path, form).error().text.find("another pipeline or release") != std::string::npos);
  }
  // A frame that is whole and holds a record that is not: no power cut makes it.
  std::string packed(1'000, '\0');
  const std::string rows = header + record(3) + std::string(csv::FileForm::check_bytes, '\1');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), rows.data(), rows.size(), 1));
  CHECK(csv::find_whole_rows(folder.file("e.decisions.zst", packed), form).error().text.find("holds a damaged record, so it is not continued") != std::string::npos);
}

TEST_CASE("binary records whose header a power cut tore, with records behind it, are begun anew; what is another's stays") {
  const csv_test::Folder folder;
  std::string header;
  for (std::uint32_t i = 0, noise = 1; i < 3'000; ++i) header += static_cast<char>((noise = noise * 1'664'525 + 1'013'904'223) >> 24);
  const csv::FileForm form = csv::FileForm::records(header, 16 + csv::FileForm::check_bytes);
  for (const std::string name : {"/d.decisions", "/d.decisions.zst"}) {
    const std::string path = folder.path() + name;
    const auto write = [&] {
      auto writer = Writer::open({.path = path, .continue_existing = true}, form);
      if (!writer.ok()) return false;
      for (Sequence sequence = writer->continuation().last_sequence + 1; sequence < 100; ++sequence) {
        std::string bytes(16, '\0');
        std::memcpy(bytes.data(), &sequence, sizeof sequence);
        writer->record(bytes);
        if (sequence % 40 == 0) REQUIRE(writer->flush().ok());
      }
      REQUIRE(writer->close().ok());
      return true;
    };
    REQUIRE(write());
    const std::string whole = unpacked(path), bytes = csv_test::content(path);
    REQUIRE(bytes.size() > 3'000);
    for (const std::size_t size : {bytes.size(), std::size_t{3'200}, std::size_t{2'900}}) {
      for (unsigned lost = 1; lost < 64; ++lost) {
        CAPTURE(size);
        CAPTURE(lost);
        std::string torn = bytes.substr(0, size);
        for (std::size_t at = 0; at < torn.size(); ++at) {
          if (at < 3'072 && (lost >> at / 512 & 1) != 0) torn[at] = '\0';
        }
        (void)folder.file(name.substr(1), torn);
        const auto found = csv::find_whole_rows(path, form);
        REQUIRE_MESSAGE(found.ok(), (found.ok() ? std::string() : found.error().text));
        CHECK(found->last_sequence == -1);
        REQUIRE(write());
        REQUIRE(unpacked(path) == whole);
        char& other = torn[(lost * 97) % 2'900];
        other = static_cast<char>(other ^ 1);  // no power cut writes that
        (void)folder.file(name.substr(1), torn);
        CHECK_FALSE(write());
        CHECK(csv_test::content(path) == torn);
      }
    }
  }
}
