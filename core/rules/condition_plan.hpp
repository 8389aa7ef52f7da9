// Conditions of rules as tables, so that a thousand of them cost little: what is alike is asked together.
//
// A condition is taken as a conjunction. Each part is one of
//   set    a number column lies in a set of values (thresholds, equalities, `between`, `in (..)` and their and, or, not)
//   sum    the same of k1 * column1 + k2 * column2 + ..
//   pair   two number columns compared
//   leaf   any other boolean, out of a register of the straight program
// Equal parts are one part, in whatever rule they stand. There are two ways through the same tables:
//
// By the tile (64 events): a word of lanes for each part. A column is compared with all its constants while it stands in vector registers, in
//   the narrowest form in which they can be told apart: x >= step gives one word, and each set is the exclusive or of its steps' words. A
//   rule is the and of its words.
// By the event: a bitmap of rules for each column and range between two steps: the rules whose sets hold there. The and of one bitmap per
//   column leaves the few rules whose sums, pairs and leaves are then looked at one by one. (Lakshman and Stiliadis, High-speed policy-based
//   packet forwarding using efficient multi-dimensional range matching, SIGCOMM 1998.)
//
// Missing values: Kleene's logic as two words per part, "is true" and "is not false". Both are and-ed; where they differ the rule could not be
// evaluated. When no value is missing they are one, and only one is computed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pawl/core/rules/program.hpp"

namespace pawl::rules {

struct ConditionPlan {
  using Index = std::uint32_t;
  struct Range { Index first = 0, count = 0; };

  // A number register that parts read, and the event types of their rules.
  struct Column {
    std::uint16_t number = 0;
    std::vector<std::uint16_t> events;
  };
  // Words of one source: word + 2 i is source >= step i, word + 2 i + 1 the contrary. `source`: a column, or behind all columns a sum.
  struct Steps { Index source; Range steps; Index word; };
  // The word of a set with several steps: the exclusive or of words.
  struct Combined { Index source; Range words; bool lowest; Index word; };
  struct Pair { Index a, b; bool equal; Index word; };          // columns; word: a < b or a = b, word + 1: the contrary
  struct Leaf { std::uint16_t boolean; Index word; };
  struct Term { Index column; std::int32_t factor; };
  struct Sum { std::uint16_t number; Range terms; Steps steps; };  // number: the register that `lazy` computes it into

  // --- by the tile ---
  std::vector<Column> columns;
  std::vector<std::int16_t> steps16;                            // values
  std::vector<std::int32_t> steps32;
  std::vector<std::int64_t> steps64;
  std::vector<Steps> narrow16, narrow32, wide;                  // into these; every step can be told apart in that width
  std::vector<Pair> pairs;
  std::vector<Leaf> leaves;
  std::vector<Term> terms;
  std::vector<Index> sum_terms;                                 // into terms
  std::vector<Sum> sums;                                        // steps: into steps32
  std::vector<std::uint64_t> sum_steps64_at;                    // of each sum: where the same steps stand in steps64
  std::int64_t sum_weight = 0;                                  // largest sum of absolute factors
  std::vector<Instruction> lazy;                                // computes the sums' registers, overflow and all
  std::vector<Index> combined_words;
  std::vector<Combined> combined;
  std::vector<std::vector<std::uint16_t>> ons;                  // distinct sets of event types of rules; set i has word i
  Index words = 0;
  // Rules with equally many operands, one group behind the other; an operand is a word.
  struct Group { Index operands; Range rules; Index first_operand; };
  std::vector<Group> groups;
  std::vector<Index> rules;                                     // indices into Plan::rules, by group
  std::vector<Index> operands;

  // --- by the event ---
  using Bits = std::uint64_t;                                   // bit r % 64 of word r / 64: rule r
  // A number column and the bitmaps of the ranges between its steps. The range of a value is found by a table over equal parts of
  // lowest .. the last step: part b begins at step parts[part + b].
  struct Family {
    Index column = 0;
    Range steps;                                                // into family_steps
    std::int64_t lowest = 0;                                    // step
    unsigned shift = 0;                                         // part of a value: (value - lowest) >> shift, at most last_part
    Index part = 0, last_part = 0;
    std::size_t row = 0;                                        // into rows: below steps[0], .., from the last step on, and if it is missing
  };
  struct Residual {
    // compare: factor_a * a + factor_b * b < limit_factor * b + limit; sum: terms in a set; equal: a = b; leaf: a register
    enum class Kind : std::uint8_t { leaf, compare, equal, sum } kind = Kind::leaf;
    bool negated = false;                                       // of compare and equal; of a sum: its set's `lowest`
    Index a = 0, b = 0;                                         // columns; a boolean
    std::int64_t factor_a = 0, factor_b = 0, limit_factor = 0, limit = 0;
    Range terms, steps;                                         // of a sum; steps into family_steps
  };
  bool indexed = false;                                         // false: the bitmaps would be too large, there is only the way by the tile
  std::vector<std::int64_t> family_steps;
  std::vector<Index> parts;
  std::vector<Bits> rows;                                       // of `pitch` words each
  std::size_t pitch = 0;                                        // 64 rules each, in whole words_at_once
  static constexpr std::size_t words_at_once = 4;
  std::vector<std::vector<Family>> families_of;                 // by event type
  // in_sums: all ones if a sum reads it, else 0; a sum overflows for events too whose rules do not ask for it. Likewise not_asked: such a column.
  struct EventColumn { Index column; std::uint64_t in_sums; Lanes not_asked; };
  std::vector<std::vector<EventColumn>> columns_of;             // by event type
  std::vector<std::vector<Bits>> on;                            // by event type: its rules
  std::vector<Residual> residuals;
  std::vector<Range> residuals_of;                              // by rule

  std::vector<bool> takes;                                      // by rule: its condition stands here
};

struct Plan;

// Takes the conditions of rules that are free of state out of the plan's program, with all instructions that nothing else needs. Set-up.
void take_conditions(Plan& plan);

}  // namespace pawl::rules
