// Every construct of patterns, worked by hand: which event fires, and what the run holds then.
#include "script.hpp"

using namespace pawl;
using pawl::pattern_test::fired;

TEST_CASE("a sequence, relaxed: what does not fit is passed by") {
  const std::string body = "pattern a: A(v = 1) then b: B(v = 2) within 10s per k then score 10 * a.v + b.v";
  CHECK(fired(body, "A@0:1 B@1:2") == "2=12");
  CHECK(fired(body, "A@0:1 A@1:7 B@2:9 B@3:2") == "4=12");
  CHECK(fired(body, "B@0:2 A@1:1") == "");
  CHECK(fired(body, "A@0:1 B@1k2:2") == "");           // another key
  CHECK(fired(body, "A@0k-:1 B@1k-:2") == "");         // no key
  CHECK(fired(body, "A@0:1 B@1:-") == "");             // a missing condition does not fit
  CHECK(fired(body, "A@0:1 B@1:2 B@2:2 A@3:1 B@4:2") == "2=12 5=12");
}

TEST_CASE("an event takes one step of a run at most") {
  CHECK(fired("pattern a: A then b: A within 10s per k then score 10 * a.v + b.v", "A@0:1 A@1:2 A@2:3 A@3:4") == "2=12 4=34");
  CHECK(fired("pattern a: A then b: A within 10s per k after match skip to next then score 10 * a.v + b.v", "A@0:1 A@1:2 A@2:3 A@3:4") == "2=12 3=23 4=34");
  CHECK(fired("pattern a: A(v = 1) within 10s per k then score a.v", "A@0:1 A@1:2 A@2:1") == "1=1 3=1");
}

TEST_CASE("`within` is closed at both ends") {
  const std::string body = "pattern a: A then b: B within 10s per k then score 1";
  CHECK(fired(body, "A@0:1 B@10:1") == "2=1");
  CHECK(fired(body, "A@0:1 B@10.000000001:1") == "");
  CHECK(fired(body, "A@5:1 B@5:1") == "2=1");          // nothing between first and last
  CHECK(fired(body, "A@5:1 B@3:1") == "2=1");          // late: effective time never falls
  CHECK(fired("pattern a: A then b: A then c: B within 10s per k then score 10 * a.v + b.v", "A@0:1 A@6:2 A@11:3 B@12:1") == "4=23");  // the first run is gone
}

TEST_CASE("`then immediately`: nothing between that the pattern names, of the key") {
  const std::string body = "pattern a: A(v = 1) then immediately b: B(v = 2) within 10s per k then score 1";
  CHECK(fired(body, "A@0:1 B@1:2") == "2=1");
  CHECK(fired(body, "A@0:1 B@1:3 B@2:2") == "");
  CHECK(fired(body, "A@0:1 A@1:9 B@2:2") == "");
  CHECK(fired(body, "A@0:1 A@1:1 B@2:2") == "3=1");    // the second A starts anew
  CHECK(fired(body, "A@0:1 A@1k2:9 B@2:2") == "3=1");  // another key is not between
  CHECK(fired("pattern a: A(v = 1) then immediately b: A(v = 2) within 10s per k then score 1", "A@0:1 B@1:9 A@2:2") == "3=1");  // B is not named
  CHECK(fired("pattern a: A then immediately b: B{2} within 10s per k then score sum(b.v)", "A@0:1 B@1:2 B@2:3") == "3=5");
  CHECK(fired("pattern a: A then immediately b: B(v > 1){2} within 10s per k then score sum(b.v)", "A@0:1 B@1:2 B@2:1 B@3:3") == "");
}

TEST_CASE("iteration keeps aggregates") {
  const std::string exact = "pattern a: A{3} then b: B within 100s per k then score 1000 * count(a) + 100 * first(a.v) + 10 * last(a.v) + sum(a.v)";
  CHECK(fired(exact, "A@0:1 A@1:2 B@2:9 A@3:3 B@4:9") == "5=3136");  // 3000 + 100 + 30 + 6
  CHECK(fired(exact, "A@0:1 A@1:2 A@2:3 A@3:4 B@4:9") == "5=3136");  // the oldest run took three; the second one is as far
  const std::string range = "pattern a: A then b: B(v < 5){2,3} then c: B(v >= 5) within 100s per k then score 100 * count(b) + sum(b.v)";
  CHECK(fired(range, "A@0:0 B@1:1 B@2:9") == "");
  CHECK(fired(range, "A@0:0 B@1:1 B@2:2 B@3:9") == "4=203");
  CHECK(fired(range, "A@0:0 B@1:1 B@2:2 B@3:3 B@4:4 B@5:9") == "6=306");
  const std::string many = "pattern a: A then b: B(v < 5)+ then c: B(v >= 5) within 100s per k then score 1000 * count(b) + 100 * max(b.v) + 10 * min(b.v) + count(b.v)";
  CHECK(fired(many, "A@0:0 B@1:9") == "");
  CHECK(fired(many, "A@0:0 B@1:3 B@2:1 B@3:4 B@4:9") == "5=3413");
  CHECK(fired("pattern a: A then b: B{2,} within 100s per k then score sum(b.v)", "A@0:0 B@1:1 B@2:2 B@3:4 B@4:8") == "3=3");  // complete with the second
  CHECK(fired("pattern a: A(v > 0 or v is missing){2} then b: B within 100s per k then score 10 * count(a) + count(a.v)", "A@0:- A@1:3 B@2:1") == "3=21");
}

TEST_CASE("averages and shares of a repeated step are exact") {
  const std::string body = "pattern a: A{3} then b: B(v = avg(a.v)) within 100s per k then score 1";
  CHECK(fired(body, "A@0:1 A@1:2 A@2:2 B@3:2 B@4:1") == "");
  CHECK(fired(body, "A@0:1 A@1:2 A@2:3 B@3:2") == "4=1");
  CHECK(fired("pattern a: A{3} then b: B(3 * avg(a.v) = v) within 100s per k then score 1", "A@0:1 A@1:2 A@2:2 B@3:5") == "4=1");
  CHECK(fired("pattern a: A{2} then b: B within 100s per k then score if sum(a.v) is missing then 1 else 2", "A@0:9223372036854775807 A@1:1 B@2:0") == "3=1");
  CHECK(fired("pattern a: A{3} then b: B within 100s per k then score if sum(a.v) is missing then 1 else 2", "A@0:9223372036854775807 A@1:9223372036854775807 A@2:2 B@3:0") == "4=1");
}

TEST_CASE("conditions see earlier steps and lets") {
  const std::string body = "pattern a: A then b: B(v > a.v and v < 2 * a.v) within 10s per k then score b.v - a.v";
  CHECK(fired(body, "A@0:5 B@1:5 B@2:10 B@3:9") == "4=4");
  CHECK(fired("pattern a: A then b: B(twice = a.v) within 10s per k then score twice", "A@0:6 B@1:6 B@2:3") == "3=6");
  CHECK(fired("pattern a: A then b: B(t = a.t) within 10s per k then score b.v", "A@0:6 B@1:7 B@2:6") == "3=6");
  CHECK(fired("pattern a: A then b: B(t > a.t or a.t starts with \"t9\") within 10s per k then score b.v", "A@0:6 B@1:5 B@2:7") == "3=7");
  CHECK(fired("pattern a: A then b: B(v = 1 or v = a.v / 2) within 10s per k then score b.v", "A@0:6 B@1:2 B@2:3") == "3=3");
  CHECK(fired("pattern a: A then b: B(v in (1, 2) and not (a.v between 4 and 6)) within 10s per k then score a.v", "A@0:6 B@1:2 A@2:7 B@3:1") == "4=7");
}

TEST_CASE("optional steps: taken if they come before the next") {
  const std::string body = "pattern a: A then b: B(v < 5)? then c: B(v >= 5) within 10s per k then score 10 * (b.v otherwise 0) + c.v";
  CHECK(fired(body, "A@0:1 B@1:7") == "2=7");
  CHECK(fired(body, "A@0:1 B@1:2 B@2:7") == "3=27");
  CHECK(fired(body, "A@0:1 B@1:2 B@2:3 B@3:7") == "4=27");
  const std::string both = "pattern a: A then b: B? then c: B(v >= 5) within 10s per k then score if b.v is missing then 1 else 2";
  CHECK(fired(both, "A@0:1 B@1:7") == "2=1");          // it fits both: the later step, so that the run completes as early as it can
  const std::string zero = "pattern a: A then b: B(v < 5){0,2} then c: B(v >= 5) within 10s per k then score 10 * count(b) + sum(b.v)";
  CHECK(fired(zero, "A@0:1 B@1:7") == "2=0");
  CHECK(fired(zero, "A@0:1 B@1:1 B@2:2 B@3:7") == "4=23");
  const std::string strict = "pattern a: A then b: B(v < 5)? then immediately c: B(v >= 5) within 10s per k then score count(b)";
  CHECK(fired(strict, "A@0:1 B@1:7") == "2=0");
  CHECK(fired(strict, "A@0:1 B@1:2 B@2:7") == "3=1");
  CHECK(fired(strict, "A@0:1 A@1:2 B@2:2 A@3:9 B@4:7") == "5=0");  // only the run of the last A
}

TEST_CASE("negation between steps") {
  const std::string body = "pattern a: A(v = 1) then no B(v = 9) then c: B(v = 2) within 10s per k then score 1";
  CHECK(fired(body, "A@0:1 B@1:2") == "2=1");
  CHECK(fired(body, "A@0:1 B@1:9 B@2:2") == "");
  CHECK(fired(body, "A@0:1 B@1k2:9 B@2:2") == "3=1");
  CHECK(fired(body, "A@0:1 B@1:9 A@2:1 B@3:2") == "4=1");
  CHECK(fired("pattern a: A then no B(v > 3) then c: B(v > 5) within 10s per k then score 1", "A@0:1 B@1:6") == "2=1");  // what is taken is not between
  CHECK(fired("pattern a: A then no B(v = a.v) then c: B within 10s per k then score c.v", "A@0:1 B@1:1 A@2:2 B@3:1") == "2=1 4=1");
  CHECK(fired("pattern a: A(v = 1)+ then no A(v = 9) then c: B within 10s per k then score count(a)", "A@0:1 A@1:9 A@2:1 B@3:0") == "4=2");  // between the last a and c
  CHECK(fired("pattern a: A(v = 1) then no A(v = 9) then b: A(v = 2)? then c: B within 10s per k then score count(b)", "A@0:1 A@1:9 A@2:2 B@3:0") == "");
  CHECK(fired("pattern a: A(v = 1) then b: A(v = 2)? then no A(v = 9) then c: B within 10s per k then score count(b)", "A@0:1 A@1:9 A@2:2 B@3:0") == "4=1");
  CHECK(fired("pattern a: A(v = 1) then no A(v = 8) then no A(v = 9) then c: B within 10s per k then score 1", "A@0:1 A@1:8 B@2:0 A@3:1 A@4:9 B@5:0 A@6:1 B@7:0") == "8=1");
}

TEST_CASE("`where` is asked of a complete run") {
  const std::string body = "pattern a: A then b: B within 10s per k where b.v > a.v then score b.v";
  CHECK(fired(body, "A@0:5 B@1:5 B@2:6") == "3=6");    // the first B passes by
  CHECK(fired(body, "A@0:5 B@1:- B@2:6") == "2? 3=6");
  CHECK(fired("pattern a: A then b: B{2,} within 10s per k where sum(b.v) > 100 then score sum(b.v)", "A@0:5 B@1:10 B@2:40 B@3:60") == "4=110");  // it may take more
  CHECK(fired("pattern a: A then b: B within 10s per k where b.v > a.v then score 1 if missing fire", "A@0:5 B@1:-") == "2=1 2?");
  CHECK(fired("pattern a: A within 10s per k where a.v > 3 then score 1", "A@0:1 A@1:4") == "2=1");
}

TEST_CASE("after a match") {
  const std::string past = "pattern a: A then b: B within 10s per k then score a.v";
  CHECK(fired(past, "A@0:1 A@1:2 B@2:0 B@3:0") == "3=1");  // both runs were complete; the oldest gives the values, both are gone
  const std::string three = "pattern a: A then b: B then c: B within 10s per k then score a.v";
  CHECK(fired(three, "A@0:1 B@1:0 A@2:2 B@3:0 B@4:0") == "4=1");  // the run of the second A is cleared
  CHECK(fired("pattern a: A then b: B then c: B within 10s per k after match skip to next then score a.v", "A@0:1 B@1:0 A@2:2 B@3:0 B@4:0") == "4=1 5=2");
  CHECK(fired("pattern a: A then b: A(v > a.v) within 10s per k then score 10 * a.v + b.v", "A@0:3 A@1:1 A@2:2 A@3:4") == "3=12");  // 1 2; the 2 starts nothing, 3 is cleared
  CHECK(fired("pattern a: A then b: A(v > a.v) within 10s per k after match skip past last then score 10 * a.v + b.v", "A@0:3 A@1:1 A@2:2 A@3:4 A@4:5") == "3=12 5=45");
}

TEST_CASE("open runs of a key are bounded: the oldest is dropped and counted") {
  const std::string body = "pattern a: A then b: B within 100s per k limit 2 then score a.v";
  CHECK(fired(body, "A@0:1 A@1:2 B@2:0") == "3=1");
  CHECK(fired(body, "A@0:1 A@1:2 A@2:3 B@3:0") == "4=2 dropped 1");
  CHECK(fired(body, "A@0:1 A@1k2:2 A@2:3 B@3:0") == "4=1");  // of a key
  CHECK(fired("pattern a: A then b: B within 2s per k limit 1 then score a.v", "A@0:1 A@3:2 B@4:0") == "3=2");  // one past its time is not open
}

TEST_CASE("keys: several fields, texts, per all") {
  CHECK(fired("pattern a: A then b: B within 10s per k + t then score 1", "A@0:1 B@1:2 B@2:1") == "3=1");
  CHECK(fired("pattern a: A then b: B within 10s per t then score 1", "A@0k1:1 B@1k1:2 B@2k2:1") == "3=1");
  CHECK(fired("pattern a: A then b: B within 10s per all then score 1", "A@0k1:1 B@1k2:2") == "2=1");
}

TEST_CASE("a pattern that ends with `no` is completed by its deadline") {
  const std::string body = "pattern a: A(v = 1) then no B(v = 2) within 10s per k then score a.v";
  CHECK(fired(body, "A@0:1 A@10:7 A@11:7") == "3=1@1");             // not at the deadline: until then B may come
  CHECK(fired(body, "A@0:1 B@10:2 A@11:7") == "");
  CHECK(fired(body, "A@0:1 B@10.000000001:2") == "2=1@1");          // past it B breaks nothing, but fires
  CHECK(fired(body, "A@0:1 B@3:3 A@11:7") == "3=1@1");              // no such B
  CHECK(fired(body, "A@0:1 B@3k2:2 A@11k3:7") == "3=1@1");          // another key breaks nothing; any input fires
  CHECK(fired(body, "A@0:1 B@11k-:2") == "2=1@1");                  // one without a key too
  CHECK(fired(body, "A@0:1") == "");
  CHECK(fired(body, "A@0:1 B@5:2 A@6:1 A@17:7") == "4=1@3");
}

TEST_CASE("ticks fire deadlines, and leave the effective time as it is") {
  const std::string body = "pattern a: A(v = 1) then no B(v = 2) within 10s per k then score a.v";
  CHECK(fired(body, "A@0:1 T@10") == "");
  CHECK(fired(body, "A@0:1 T@10.000000001 B@5:2 A@20:7") == "2=1@1");
  CHECK(fired(body, "A@0:1 T@9 B@5:2 T@20") == "");                 // the tick at 9 has not made B late
  CHECK(fired(body, "A@5:1 T@3 T@15.5") == "3=1@1");                // an early one is as the last event
  CHECK(fired(body, "A@0:1 T@11 A@8:1 T@12 T@19") == "2=1@1 5=1@3");
}

TEST_CASE("timed outputs of one input come by deadline, then by first sequence") {
  const std::string body = "pattern a: A then no B within 10s per k after match skip to next then score a.v";
  CHECK(fired(body, "A@0:1 A@1k2:2 A@1k3:3 A@1k2:4 T@20") == "5=1@1 5=2@2 5=3@3 5=4@4");
  CHECK(fired("pattern a: A then no B for 2s within 10s per k then score a.v", "A@5:1 A@5k2:2 T@20") == "3=1@1 3=2@2");
}

TEST_CASE("a timed match ends the key's runs that began before the input that fires it") {
  const std::string past = "pattern a: A then no B within 10s per k then score a.v";
  CHECK(fired(past, "A@0:1 A@1:2 A@2:3 T@30") == "4=1@1");
  CHECK(fired(past, "A@0:1 A@1:2 A@11:3 T@30") == "3=1@1 4=3@3");   // the third began with the firing input
  CHECK(fired(past, "A@0:1 A@1k2:2 T@30") == "3=1@1 3=2@2");
  CHECK(fired("pattern a: A then no B within 10s per k limit 1 then score a.v", "A@0:1 A@11:2 T@30") == "2=1@1 3=2@2");  // what is due is not open
  CHECK(fired("pattern a: A then no B within 10s per k limit 1 then score a.v", "A@0:1 A@9:2 T@30") == "3=2@2 dropped 1");
}

TEST_CASE("the end of a pattern behind several, repeated and optional steps") {
  const std::string two = "pattern a: A then b: B(v = 1) then no B(v = 2) within 10s per k then score 10 * a.v + b.v";
  CHECK(fired(two, "A@0:5 T@11 B@11:1 T@30") == "");                 // b did not come in time
  CHECK(fired(two, "A@0:5 B@4:1 T@11") == "3=51@1");
  CHECK(fired(two, "A@0:5 B@3:2 B@4:1 T@11") == "4=51@1");           // asked behind b
  CHECK(fired(two, "A@0:5 B@4:1 B@5:2 B@6:1 T@11") == "");
  CHECK(fired(two, "A@0:5 B@9:1 A@9:1 A@10.5:7") == "4=51@1");       // it came to wait within a batch
  const std::string many = "pattern a: A(v = 1){2,} then no A(v = 2) within 10s per k then score count(a)";
  CHECK(fired(many, "A@0:1 A@1:1 A@2:1 T@11") == "4=3@1");
  CHECK(fired(many, "A@0:1 A@1:1 A@2:2 T@11") == "");
  CHECK(fired(many, "A@0:1 A@1:1 A@2:2 A@3:1 T@11") == "5=3@1");     // between the last a and the end
  const std::string optional = "pattern a: A then no B(v = 3) then b: B(v = 1)? then no B(v = 2) within 10s per k then score count(b)";
  CHECK(fired(optional, "A@0:1 T@11") == "2=0@1");
  CHECK(fired(optional, "A@0:1 B@1:1 T@11") == "3=1@1");
  CHECK(fired(optional, "A@0:1 B@1:3 T@11") == "");
  CHECK(fired(optional, "A@0:1 B@1:1 B@2:3 T@11") == "4=1@1");
}

TEST_CASE("`no x for d` counts from the last event taken, and may last longer than `within`") {
  const std::string body = "pattern a: A then b: B(v = 1) then no B(v = 2) for 5s within 10s per k then score b.v";
  CHECK(fired(body, "A@0:1 B@2:1 T@7 T@7.1") == "4=1@1");
  CHECK(fired(body, "A@0:1 B@8:1 T@12 T@13.1") == "4=1@1");
  CHECK(fired(body, "A@0:1 B@8:1 B@12:2 T@30") == "");
  CHECK(fired(body, "A@0:1 B@10.1:1 T@30") == "");
  const std::string many = "pattern a: A{1,3} then no B for 5s within 10s per k then score count(a)";
  CHECK(fired(many, "A@0:1 A@4:1 T@6 T@9.5") == "4=2@1");            // taking one more postpones
  CHECK(fired(many, "A@0:1 A@4:1 A@8:1 A@11:1 T@13.5") == "5=3@1");  // past `within` it takes none
}

TEST_CASE("`then immediately no x` looks at the next event of the key alone") {
  const std::string body = "pattern a: A(v = 1) then immediately no B(v = 2) then b: B(v = 3) within 10s per k then score 10 * a.v + b.v";
  CHECK(fired(body, "A@0:1 B@1:3") == "2=13");
  CHECK(fired(body, "A@0:1 B@1:2 B@2:3") == "");
  CHECK(fired(body, "A@0:1 B@1:7 B@2:2 B@3:3") == "4=13");         // the second one may
  CHECK(fired(body, "A@0:1 A@1:7 B@2:2 B@3:3") == "4=13");         // any event that the pattern names is the next
  CHECK(fired(body, "A@0:1 B@1k2:2 B@2:3") == "3=13");             // but none of another key
  const std::string same = "pattern a: A(v = 1) then immediately no A(v > 1) then b: A(v > 2) within 10s per k then score b.v";
  CHECK(fired(same, "A@0:1 A@1:5") == "");                          // not even if the run would take it
  CHECK(fired(same, "A@0:1 A@1:0 A@2:5") == "3=5");
  const std::string many = "pattern a: A(v = 1){2} then immediately no B then b: B within 10s per k then score count(a)";
  CHECK(fired(many, "A@0:1 B@1:1 A@2:1 A@3:7 B@4:1") == "5=2");    // asked once it has both
  const std::string end = "pattern a: A(v = 1) then immediately no B within 10s per k then score a.v";
  CHECK(fired(end, "A@0:1 A@1:7 B@2:1 T@11") == "4=1@1");
  CHECK(fired(end, "A@0:1 B@2:1 T@11") == "");
  CHECK(fired(end, "A@0:1 T@11") == "2=1@1");
}

TEST_CASE("`no x for d` before a step: so long nothing, then the step") {
  const std::string body = "pattern a: A(v = 1) then no B(v = 2) for 3s then b: B(v = 3) within 10s per k then score 10 * a.v + b.v";
  CHECK(fired(body, "A@0:1 B@4:3") == "2=13");
  CHECK(fired(body, "A@0:1 B@3:3") == "");                          // still in the three seconds
  CHECK(fired(body, "A@0:1 B@3:3 B@3.1:3") == "3=13");
  CHECK(fired(body, "A@0:1 B@3:2 B@4:3") == "");                     // their end included
  CHECK(fired(body, "A@0:1 B@3.1:2 B@4:3") == "3=13");             // behind them x may come
  CHECK(fired(body, "A@0:1 B@10:3") == "2=13");
  CHECK(fired(body, "A@0:1 B@10.1:3") == "");
  const std::string many = "pattern a: A(v = 1)+ then no B(v = 2) for 3s then b: B(v = 3) within 10s per k then score count(a)";
  CHECK(fired(many, "A@0:1 A@2:1 B@4:3 B@5.1:3") == "4=2");        // counted from the last one taken
  const std::string optional = "pattern a: A(v = 1) then c: A(v = 4)? then no B(v = 2) for 3s then b: B(v = 3) within 10s per k then score count(c)";
  CHECK(fired(optional, "A@0:1 A@2:4 B@4:3 B@5.1:3") == "4=1");
  CHECK(fired(optional, "A@0:1 B@4:3") == "2=0");
}

TEST_CASE("`where` and missing values of a timed match") {
  const std::string body = "pattern a: A then no B within 10s per k where a.v > 3 then score a.v";
  CHECK(fired(body, "A@0:1 A@1:4 T@30") == "3=4@2");
  CHECK(fired(body, "A@0:- T@30") == "2?@1");
  CHECK(fired(body + " if missing fire", "A@0:- T@30") == "2=0@1 2?@1");
}
