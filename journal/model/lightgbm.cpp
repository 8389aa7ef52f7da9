// LightGBM's text form (save_model), versions 2 to 4: one tree per iteration, numerical splits, constant leaves.
//
//   tree                          a header of key=value lines
//   version=v4 .. num_class=1 .. objective=binary sigmoid:1 .. feature_names=a b c
//   Tree=0                        a block of key=value lines for each tree, arrays separated by blanks
//   num_leaves=3
//   split_feature=0 2             node i < num_leaves - 1; children >= 0 are nodes, ~child is a leaf
//   threshold=1.5 0.25            at or below it goes left
//   decision_type=2 10            bit 0 categorical, bit 1 missing goes left, bits 2..3 what is missing: nothing, zeros, NaN
//   left_child=-1 -2
//   right_child=1 -3
//   leaf_value=0.1 -0.2 0.3
//   end of trees
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <string>

#include "pawl/journal/model/bad.hpp"
#include "pawl/journal/model/parse.hpp"

namespace pawl::journal {
namespace {

using model::Missing;
using model::Tree;
using model::TreeNode;
using Block = std::map<std::string_view, std::string_view>;

std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

struct File {
  Block header;
  std::vector<Block> trees;
  bool complete = false;  // it has its last line
  bool averages = false;
};

File split(std::string_view text) {
  File file;
  Block* block = &file.header;
  while (!text.empty() && !file.complete) {
    const std::string_view line = next_line(text);
    const std::size_t equals = line.find('=');
    file.complete = line == "end of trees";
    file.averages |= line == "average_output";
    if (equals == std::string_view::npos) continue;
    if (line.starts_with("Tree=")) block = &file.trees.emplace_back();
    block->emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  return file;
}

std::string_view value_of(const Block& block, std::string_view key) {
  const auto found = block.find(key);
  return found == block.end() ? std::string_view() : found->second;
}

template <class Number>
bool parse(std::string_view word, Number& value) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc() && end == word.data() + word.size();
}

template <class Number>
Result<std::vector<Number>> numbers(const Block& block, std::string_view key, std::size_t count) {
  std::vector<Number> numbers;
  std::string_view rest = value_of(block, key);
  for (std::string_view word = next_word(rest); !word.empty(); word = next_word(rest)) {
    Number& number = numbers.emplace_back();
    if (!parse(word, number)) return bad(std::string("`") + std::string(key) + "` has `" + std::string(word.substr(0, 40)) + "`, which is not a number");
  }
  if (numbers.size() != count) return bad(std::string("`") + std::string(key) + "` has " + std::to_string(numbers.size()) + " entries instead of " + std::to_string(count));
  return numbers;
}

struct Splits {
  std::vector<std::uint32_t> features;
  std::vector<double> thresholds;
  std::vector<unsigned> decisions;
  std::vector<std::int32_t> left, right;
};

template <class Number>
Result<void> take(const Block& block, std::string_view key, std::size_t count, std::vector<Number>& into) {
  auto read = numbers<Number>(block, key, count);
  if (!read.ok()) return std::move(read).error();
  into = *std::move(read);
  return {};
}

Result<Splits> splits_of(const Block& block, std::size_t count) {
  Splits splits;
  for (auto taken : {take(block, "split_feature", count, splits.features), take(block, "threshold", count, splits.thresholds),
                     take(block, "decision_type", count, splits.decisions), take(block, "left_child", count, splits.left), take(block, "right_child", count, splits.right)}) {
    if (!taken.ok()) return std::move(taken).error();
  }
  return splits;
}

Result<Missing> missing_of(unsigned decision) {
  const bool left = (decision & 2) != 0;
  switch (decision >> 2) {
    case 0: return Missing::is_zero;
    case 1: return left ? Missing::zero_left : Missing::zero_right;
    case 2: return left ? Missing::left : Missing::right;
    default: return bad(std::string("a `decision_type` of ") + std::to_string(decision) + " is not known");
  }
}

// Nodes first, then leaves: ~child is leaf number child.
std::int64_t place_of(std::int32_t child, std::size_t splits) {
  return child >= 0 ? child : static_cast<std::int64_t>(splits) + ~child;
}

Result<Tree> tree_of(const Block& block) {
  std::size_t leaves = 0;
  if (!parse(value_of(block, "num_leaves"), leaves) || leaves == 0 || leaves > model::tree_nodes_max / 2) return bad(std::string("its `num_leaves` is `") + std::string(value_of(block, "num_leaves").substr(0, 40)) + "`");
  if (const auto linear = value_of(block, "is_linear"); !linear.empty() && linear != "0") return bad("its leaves are linear; only constant leaves can be evaluated");
  const auto splits = splits_of(block, leaves - 1);
  if (!splits.ok()) return splits.error();
  const auto values = numbers<double>(block, "leaf_value", leaves);
  if (!values.ok()) return values.error();
  Tree tree;
  for (std::size_t i = 0; i + 1 < leaves; ++i) {
    if ((splits->decisions[i] & 1) != 0) return bad(std::string("node ") + std::to_string(i) + " splits by category; only numerical splits can be evaluated");
    const auto missing = missing_of(splits->decisions[i]);
    if (!missing.ok()) return missing.error();
    if (!std::isfinite(splits->thresholds[i])) return bad(std::string("node ") + std::to_string(i) + " has a threshold that is not a finite number");
    for (const std::int32_t child : {splits->left[i], splits->right[i]}) {
      const auto place = static_cast<std::size_t>(std::max(child, 0));  // a leaf's place is no child; one behind all is refused with the tree
      if (place >= leaves - 1 && place < 2 * leaves - 1) return bad(std::string("node ") + std::to_string(i) + " leads to node " + std::to_string(child) + ", but there are " + std::to_string(leaves - 1));
    }
    // At or below is below the next double.
    const double next = std::nextafter(splits->thresholds[i], std::numeric_limits<double>::infinity());
    tree.push_back({.is_leaf = false, .value = next, .input = splits->features[i], .missing = *missing,
                    .left = place_of(splits->left[i], leaves - 1), .right = place_of(splits->right[i], leaves - 1)});
  }
  for (const double value : *values) tree.push_back({.value = value});
  const auto of_nodes = numbers<double>(block, "internal_count", leaves - 1), of_leaves = numbers<double>(block, "leaf_count", leaves);
  if (of_nodes.ok() && of_leaves.ok()) {  // needed to explain scores, not to make them
    for (std::size_t i = 0; i < tree.size(); ++i) tree[i].cover = i < leaves - 1 ? (*of_nodes)[i] : (*of_leaves)[i - (leaves - 1)];
  }
  return tree;
}

// Margins as they are, or the logistic function of them; `slope` is the header's sigmoid.
Result<model::Output> output_of(const Block& header, double& slope) {
  std::string_view words = value_of(header, "objective");
  const std::string_view name = next_word(words);
  for (std::string_view word = next_word(words); !word.empty(); word = next_word(words)) {
    if (word.starts_with("sigmoid:") && (!parse(word.substr(8), slope) || !(slope > 0) || !std::isfinite(slope))) return bad(std::string("`") + std::string(word.substr(0, 40)) + "` is not a slope");
    if (word == "sqrt") return bad("its objective has `sqrt`, which this release does not undo");
  }
  if (name == "binary" || name == "cross_entropy") return model::Output::probability;
  for (const std::string_view margin : {"regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg"}) {
    if (name == margin) return model::Output::margin;
  }
  return bad(std::string("its objective is `") + std::string(name.substr(0, 40)) + "`; binary, cross_entropy, regression and its kin, and ranking can be evaluated");
}

// Names that the trainer made up say nothing.
std::vector<std::string> names_of(const Block& header) {
  std::vector<std::string> names;
  std::string_view words = value_of(header, "feature_names");
  bool made_up = true;
  for (std::string_view word = next_word(words); !word.empty(); word = next_word(words)) {
    made_up &= word == std::string("Column_") + std::to_string(names.size());
    names.emplace_back(word);
  }
  return made_up ? std::vector<std::string>() : names;
}

Result<std::vector<Tree>> trees_of(const File& file) {
  std::vector<Tree> trees;
  for (const Block& block : file.trees) {
    auto tree = tree_of(block);
    if (!tree.ok()) return bad(std::string("tree ") + std::to_string(trees.size()) + ": " + tree.error().text);
    trees.push_back(*std::move(tree));
  }
  return trees;
}

Result<std::size_t> inputs_of(const Block& header) {
  std::size_t last = 0;
  if (!parse(value_of(header, "max_feature_idx"), last)) return bad("its `max_feature_idx` is missing");
  if (last >= model::model_inputs_max) return bad(std::string("it has more than ") + std::to_string(model::model_inputs_max) + " features");
  for (const std::string_view key : {"num_class", "num_tree_per_iteration"}) {
    if (const auto value = value_of(header, key); value != "1") return bad(std::string("its `") + std::string(key) + "` is `" + std::string(value.substr(0, 40)) + "`; a model has one output");
  }
  return last + 1;
}

}  // namespace

Result<model::Model> parse_lightgbm(std::string_view text) {
  const File file = split(text);
  if (!file.complete) return bad("it has no line `end of trees`: it is cut off");
  if (file.averages) return bad("it averages its trees (a random forest); only sums can be evaluated");
  const auto inputs = inputs_of(file.header);
  if (!inputs.ok()) return inputs.error();
  double slope = 1;
  const auto output = output_of(file.header, slope);
  if (!output.ok()) return output.error();
  std::vector<std::string> names = names_of(file.header);
  if (!names.empty() && names.size() != *inputs) return bad(std::string("it has ") + std::to_string(names.size()) + " feature names for " + std::to_string(*inputs) + " features");
  auto trees = trees_of(file);
  if (!trees.ok()) return std::move(trees).error();
  auto forest = model::Forest<double>::make(*trees, *inputs);
  if (!forest.ok()) return std::move(forest).error();
  return model::Model({.kind = "lightgbm", .features = std::move(names), .inputs = *inputs, .body = *std::move(forest), .slope = slope, .output = *output,
                       .contributions = model::Contributions::make(*trees, false)});
}

}  // namespace pawl::journal
