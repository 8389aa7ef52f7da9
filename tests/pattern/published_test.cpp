// Worked examples of other engines' documentation, written in our language: Flink's CEP library (contiguity, looping patterns, negation,
// skip strategies) and MATCH_RECOGNIZE in Flink SQL (time constraint). Where our meaning coincides, the published result is expected; where it
// does not, what is said is why, and ours is expected.
#include "script.hpp"

using namespace pawl;
using pawl::pattern_test::fired;

namespace {

// Letters of the documentation as events: v is the letter (a 1, b 2, c 3, d 4), the second its number; k is a shared key.
constexpr std::string_view looping = "A@0:1 A@1:2 A@2:4 A@3:2 A@4:4 A@5:2 A@6:3";  // a b1 d1 b2 d2 b3 c

}  // namespace

TEST_CASE("Flink CEP, contiguity: `a b` over a, c, b1, b2") {
  const std::string_view events = "A@0:1 A@1:3 A@2:2 A@3:2";
  CHECK(fired("pattern a: A(v = 1) then immediately b: A(v = 2) within 1m per k then score 1", events) == "");  // strict: none
  CHECK(fired("pattern a: A(v = 1) then b: A(v = 2) within 1m per k then score 1", events) == "3=1");  // relaxed: {a b1}
  // Non-deterministic relaxed contiguity, {a b1} and {a b2}, is not offered: one run takes one way.
}

TEST_CASE("Flink CEP, looping pattern `a b+ c`") {
  // Relaxed there: six matches, each subset of b that begins somewhere. Ours is the one with all b between: a run never forks, and c ends it.
  CHECK(fired("pattern a: A(v = 1) then b: A(v = 2)+ then c: A(v = 3) within 1m per k then score count(b)", looping) == "7=3");
  // Strict there: {a b3 c}, because each d discards the b before it. Ours has no way back to a once b is taken: d ends the run.
  CHECK(fired("pattern a: A(v = 1) then immediately b: A(v = 2)+ then immediately c: A(v = 3) within 1m per k then score count(b)", looping) == "");
}

TEST_CASE("Flink CEP, `a`, not followed by `c`, followed by `b`") {
  const std::string body = "pattern a: A(v = 1) then no A(v = 3) then b: A(v = 2) within 1m per k then score 1";
  CHECK(fired(body, "A@0:1 A@1:3 A@2:2") == "");
  CHECK(fired(body, "A@0:1 A@1:4 A@2:2") == "3=1");
}

TEST_CASE("Flink CEP, after match: `b+ c` over b1 b2 b3 c") {
  const std::string_view events = "A@0:2 A@1:2 A@2:2 A@3:3";
  // SKIP_PAST_LAST_EVENT: {b1 b2 b3 c}.
  CHECK(fired("pattern b: A(v = 2)+ then c: A(v = 3) within 1m per k then score count(b)", events) == "4=3");
  // SKIP_TO_NEXT there: also {b2 b3 c} and {b3 c}. Ours fires a rule once at an event, with the oldest run's values.
  CHECK(fired("pattern b: A(v = 2)+ then c: A(v = 3) within 1m per k after match skip to next then score count(b)", events) == "4=3");
}

TEST_CASE("MATCH_RECOGNIZE, a price drop of more than 10 within an hour") {
  // PATTERN (A B* C) WITHIN INTERVAL '1' HOUR, B: price > A.price - 10, C: price < A.price - 10. Published: at 13:00, a drop of 14.
  std::string events;
  int minute = 0;
  for (const int price : {20, 17, 18, 11, 14, 9, 15, 14, 24, 1, 19}) {
    events.append("A@").append(std::to_string(60 * minute)).append(":").append(std::to_string(price)).append(" ");
    minute += 20;
  }
  const std::string body = "pattern a: A then immediately b: A(v > a.v - 10){0,} then immediately c: A(v < a.v - 10) within 1h per k limit 64 then score a.v - c.v";
  CHECK(fired(body, events) == "10=14");
}

// The sequences and results of Flink's own tests of `notNext` and `notFollowedBy` (NotPatternITCase), for its documentation only says them in words.
TEST_CASE("Flink CEP, notNext: `a`, not directly followed by `b`, then `c` and `d`") {
  const std::string body = "pattern a: A(v = 1) then immediately no A(v = 2) then c: A(v = 3) then d: A(v = 4) within 1m per k then score if c.at - a.at = 1s then 1 else 2";
  // Over a, c1, b, c2, d, and followedByAny(c): {a c1 d} and {a c2 d}. A run of ours takes the first c.
  CHECK(fired(body, "A@0:1 A@1:3 A@2:2 A@3:3 A@4:4") == "5=1");
  CHECK(fired(body, "A@0:1 A@1:2 A@2:3 A@3:3 A@4:4") == "");  // a, b, c1, c2, d: none
}

TEST_CASE("Flink CEP, notNext at the end: `a`, `c`, `d`, not directly followed by `b`") {
  const std::string body = "pattern a: A(v = 1) then c: A(v = 3) then d: A(v = 4) then immediately no A(v = 2) within 10s per k then score 1";
  CHECK(fired(body, "A@0:1 A@1:3 A@2:3 A@3:4 A@4:2 T@20") == "");  // a, c1, c2, d, b: none
  // Without b Flink has to see another event first. Ours is complete when its time is over, whatever comes.
  CHECK(fired(body, "A@0:1 A@1:3 A@2:3 A@3:4 T@20") == "5=1@1");
}

TEST_CASE("Flink CEP, notFollowedBy: `a`, no `b`, then `c` and `d`") {
  const std::string body = "pattern a: A(v = 1) then no A(v = 2) then c: A(v = 3) then d: A(v = 4) within 1m per k then score if c.at - a.at = 1s then 1 else 2";
  CHECK(fired(body, "A@0:1 A@1:3 A@2:2 A@3:3 A@4:4") == "5=1");  // a, c1, b, c2, d: {a c1 d}
  CHECK(fired("pattern a: A(v = 1) then no A(v = 2) then c: A(v = 3)? then d: A(v = 4) within 1m per k then score if c.at - a.at = 1s then 1 else 2", "A@0:1 A@1:3 A@2:2 A@3:3 A@4:4") == "5=1");  // c optional: the same
}

TEST_CASE("Flink CEP, times before notFollowedBy: `a b{2}`, no `c`, then `d`") {
  const std::string body = "pattern a: A(v = 1) then b: A(v = 2){2} then no A(v = 3) then d: A(v = 4) within 1m per k then score 1";
  // Over a, b1, c, b2, d there: none. Ours forbids c behind the second b alone, and fires.
  CHECK(fired(body, "A@0:1 A@1:2 A@2:3 A@3:2 A@4:4") == "5=1");
  CHECK(fired(body, "A@0:1 A@1:2 A@2:2 A@3:3 A@4:4") == "");
}

TEST_CASE("Flink CEP, notFollowedBy at the end, within 3: `a`, no `b`") {
  const std::string body = "pattern a: A(v = 1) then no A(v = 2) within 3s per k after match skip to next then score 1";
  CHECK(fired(body, "A@1:1 A@2:2 A@4:1 A@5:3 A@10:2 A@11:1 A@13:2") == "5=1@3");  // a1, b1, a2, c, b2, a3, b3: {a2}
  // A b exactly 3 behind a is too late there (its window is open at the end), and still counts here.
  CHECK(fired(body, "A@1:1 A@4:2 T@9") == "");
}

TEST_CASE("MATCH_RECOGNIZE has no word for what must not come: PATTERN (A N* C), N being no B") {
  const std::string body = "pattern a: A(v = 1) then no A(v = 2) then c: A(v = 3) within 1m per k then score 1";
  CHECK(fired(body, "A@0:1 A@1:4 A@2:4 A@3:3") == "4=1");
  CHECK(fired(body, "A@0:1 A@1:4 A@2:2 A@3:3") == "");
  // So written it is ours as well, with the same matches.
  const std::string spelt = "pattern a: A(v = 1) then immediately n: A(v != 2 and v != 3){0,} then immediately c: A(v = 3) within 1m per k then score 1";
  CHECK(fired(spelt, "A@0:1 A@1:4 A@2:4 A@3:3") == "4=1");
  CHECK(fired(spelt, "A@0:1 A@1:4 A@2:2 A@3:3") == "");
}
