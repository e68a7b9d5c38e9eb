#include "identity/throttle.h"

#include <gtest/gtest.h>

#include <random>

namespace guarita::identity {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Place = Throttle::Place;

constexpr Time kStart{Millis{1'790'000'000'000}};
constexpr crypto::HashKey kKey{1, 2, 3};

TEST(Delay, IsNothingForTyposThenDoublesUpToTheMost) {
  for (unsigned n = 0; n <= kFreeFailures; ++n) EXPECT_EQ(delay_after(n, minutes(15)), seconds(0));
  EXPECT_EQ(delay_after(5, minutes(15)), seconds(1));
  EXPECT_EQ(delay_after(6, minutes(15)), seconds(2));
  EXPECT_EQ(delay_after(7, minutes(15)), seconds(4));
  EXPECT_EQ(delay_after(14, minutes(15)), seconds(512));
  EXPECT_EQ(delay_after(15, minutes(15)), minutes(15));
  EXPECT_EQ(delay_after(4'000'000'000U, minutes(15)), minutes(15));
  EXPECT_EQ(delay_after(10, seconds(30)), seconds(30));
}

TEST(Network, IsTheAddressOrItsSlash64) {
  EXPECT_EQ(throttled_network("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(throttled_network("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(throttled_network("2001:db8:1:2:3:4:5:6"), throttled_network("2001:db8:1:2::1"));
  EXPECT_NE(throttled_network("2001:db8:1:2::1"), throttled_network("2001:db8:1:3::1"));
  EXPECT_EQ(throttled_network("unix"), "unix");
}

TEST(Throttle, CountsTheAddressOverAllUsers) {
  Throttle throttle(kKey);
  for (int i = 0; i < 5; ++i) {
    const auto attempt = throttle.attempt("192.0.2.7", "user" + std::to_string(i));
    EXPECT_EQ(throttle.wait(attempt, Place::Strange, kStart), seconds(0)) << i;
    throttle.failed(attempt, kStart);
  }
  const auto next = throttle.attempt("192.0.2.7", "another");
  EXPECT_EQ(throttle.wait(next, Place::Strange, kStart), seconds(1));
  EXPECT_EQ(throttle.wait(next, Place::Strange, kStart + Millis(999)), Millis(1));
  EXPECT_EQ(throttle.wait(next, Place::Strange, kStart + seconds(1)), seconds(0));
  const auto elsewhere = throttle.attempt("192.0.2.8", "another");
  EXPECT_EQ(throttle.wait(elsewhere, Place::Strange, kStart), seconds(0));
}

TEST(Throttle, CountsTheUserOverAllAddressesAndNeverLong) {
  Throttle throttle(kKey);
  for (int i = 0; i < 200; ++i) {
    throttle.failed(throttle.attempt("10.0.0." + std::to_string(i), "owner"), kStart);
  }
  const auto fresh = throttle.attempt("198.51.100.1", "owner");
  EXPECT_EQ(throttle.wait(fresh, Place::Strange, kStart), kUserDelayMax);
  EXPECT_EQ(throttle.wait(fresh, Place::Known, kStart), seconds(0));
  EXPECT_TRUE(throttle.place_matters(fresh, kStart));
}

TEST(Throttle, ASuccessTakesBackOnlyThePairsFailures) {
  Throttle throttle(kKey);
  const auto guess = throttle.attempt("192.0.2.7", "victim");
  for (int i = 0; i < 6; ++i) throttle.failed(guess, kStart);
  const auto own = throttle.attempt("192.0.2.7", "attacker");
  throttle.failed(own, kStart);  // counted at its beginning
  throttle.succeeded(own, kStart);
  EXPECT_EQ(throttle.wait(guess, Place::Strange, kStart), seconds(2)) << "the address is not clean";

  Throttle other(kKey);
  const auto owner = other.attempt("192.0.2.9", "owner");
  for (int i = 0; i < 7; ++i) other.failed(owner, kStart);
  other.succeeded(owner, kStart);
  EXPECT_EQ(other.wait(owner, Place::Strange, kStart), seconds(0));
  EXPECT_EQ(other.wait(owner, Place::Known, kStart), seconds(0));
}

TEST(Throttle, WhatIsTakenBackLeavesNoDelay) {
  Throttle throttle(kKey);
  const auto attempt = throttle.attempt("192.0.2.7", "owner");
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(throttle.wait(attempt, Place::Strange, kStart), seconds(0));
    throttle.failed(attempt, kStart);
    throttle.taken_back(attempt);
  }
}

TEST(Throttle, ForgetsAfterAWhile) {
  Throttle throttle(kKey);
  const auto attempt = throttle.attempt("192.0.2.7", "owner");
  for (int i = 0; i < 50; ++i) throttle.failed(attempt, kStart);
  EXPECT_GT(throttle.wait(attempt, Place::Strange, kStart), minutes(14));
  throttle.failed(attempt, kStart + kForgetAfter);
  EXPECT_EQ(throttle.wait(attempt, Place::Strange, kStart + kForgetAfter), seconds(0));
}

TEST(Throttle, IsBounded) {
  FailureTable table(minutes(15), 100);
  for (std::uint64_t i = 0; i < 1000; ++i) table.add({.low = i, .high = 0}, kStart + Millis(i));
  EXPECT_EQ(table.size(), 100U);
  EXPECT_EQ(table.failures({.low = 899, .high = 0}, kStart + seconds(1)), 0U) << "the oldest went";
  EXPECT_EQ(table.failures({.low = 900, .high = 0}, kStart + seconds(1)), 1U);
}

// The property. Somebody does what they like from a thousand addresses, against this owner and
// others, with users of their own, in bursts and slowly. From the usual desk the owner is never
// made to wait by it; from a strange address never longer than the user's bound; and nobody, ever,
// longer than the address's bound.
TEST(Throttle, NeverKeepsTheOwnerOutWhateverAnAttackerDoes) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned n) { return random() % n; };
    Throttle throttle(kKey, 500);  // small: the tables overflow under the attack
    Time now = kStart;
    const auto desk = throttle.attempt("203.0.113.5", "owner");
    const auto travel = throttle.attempt("198.51.100.77", "owner");
    for (int i = 0; i < 3000; ++i) {
      now += Millis(below(2) == 0 ? below(50) : below(20'000));
      const std::string from =
          below(10) == 0 ? "203.0.113.5"
                         : "10.0." + std::to_string(below(4)) + "." + std::to_string(below(250));
      // Behind the owner's own address the attacker tries other users: that is their neighbour.
      const std::string at =
          from == "203.0.113.5" || below(3) == 0 ? "other" + std::to_string(below(20)) : "owner";
      const auto attempt = throttle.attempt(from, at);
      const Millis wait = throttle.wait(attempt, Place::Strange, now);
      ASSERT_LE(wait, kAddressDelayMax);
      if (wait == Millis{0}) {
        throttle.failed(attempt, now);
        if (at != "owner" && below(5) == 0) throttle.succeeded(attempt, now);
      }
      ASSERT_EQ(throttle.wait(desk, Place::Known, now), Millis{0}) << "seed " << seed;
      ASSERT_LE(throttle.wait(travel, Place::Strange, now), kUserDelayMax) << "seed " << seed;
    }
  }
}

TEST(Throttle, WhoWaitsAsLongAsToldGetsATurnHoweverOftenTheyAsked) {
  Throttle throttle(kKey);
  const auto attempt = throttle.attempt("192.0.2.7", "owner");
  for (int i = 0; i < 12; ++i) throttle.failed(attempt, kStart);
  const Millis told = throttle.wait(attempt, Place::Strange, kStart);
  for (Millis t{0}; t < told; t += seconds(1)) {
    EXPECT_GT(throttle.wait(attempt, Place::Strange, kStart + t), seconds(0));
  }
  EXPECT_EQ(throttle.wait(attempt, Place::Strange, kStart + told), seconds(0));
}

}  // namespace
}  // namespace guarita::identity
