#include "identity/password.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <semaphore>
#include <thread>
#include <vector>

#include "crypto/crypto.h"

namespace guarita::identity {
namespace {

constexpr std::string_view kEmail = "ana.lima@lojadomar.com.br";

std::string judged(std::string_view password) {
  const auto fault = check_password(password, kEmail);
  return fault ? std::string(word_of(*fault)) : "good";
}

std::string times(std::string_view text, std::size_t n) {
  std::string all;
  while (n-- > 0) all += text;
  return all;
}

TEST(PasswordRules, LengthIsInCharactersNotBytes) {
  EXPECT_EQ(judged("kx4!zpq"), "too_short");
  EXPECT_EQ(judged("kx4!zpqw"), "good");
  EXPECT_EQ(judged("ação💚çé"), "too_short") << "seven characters, thirteen bytes";
  EXPECT_EQ(judged("ação💚çéü"), "good");
  std::string long_one;
  for (int i = 0; i < 32; ++i) long_one += "💚a🔑z";
  EXPECT_EQ(judged(long_one), "repeated") << "128 characters, 320 bytes";
  long_one.replace(0, 4, "x");
  EXPECT_EQ(judged(long_one), "good");
  EXPECT_EQ(judged(long_one + "x"), "too_long");
  EXPECT_EQ(judged(times("ab!", 100'000)), "too_long");
}

TEST(PasswordRules, WhatIsNotUtf8IsRefused) {
  EXPECT_EQ(judged("kx4!zpq\xff"), "not_text");
  EXPECT_EQ(judged("kx4!zpqw\xc3"), "not_text");
  EXPECT_EQ(judged("kx4!zpqw\xed\xa0\x80"), "not_text");
  EXPECT_EQ(judged(std::string_view("kx4!\0zpqw", 9)), "good") << "any character is fine";
}

TEST(PasswordRules, RepetitionsAndSequences) {
  for (const char* password : {"aaaaaaaa", "abababab", "aabbabba", "abcabcabc", "çççççççç",
                               "12311231", "xyzwxyzwxyzw", "AbAbAbAbAb"}) {
    EXPECT_EQ(judged(password), "repeated") << password;
  }
  for (const char* password :
       {"abcdefgh", "hgfedcba", "34567890", "qwertyui", "asdfghjkl", "QWERTYasdfgh", "abc12345",
        "qwe123asd", "zxcvbnm987", "asdfghjklç"}) {
    EXPECT_EQ(judged(password), "sequence") << password;
  }
  EXPECT_EQ(judged("abcdXfgh"), "good");
}

TEST(PasswordRules, TheCommonOnesHoweverDressedUp) {
  EXPECT_GT(common_passwords(), 2000U);
  for (const char* password : {"password",     "P@ssw0rd",    "P@ssw0rd!",
                               "Senha123",     "senha@2024",  "Flamengo",
                               "FLAMENGO1981", "!flamengo#",  "mudar123",
                               "corinthians",  "Mariana2001", "joao19901225",
                               "deusefiel",    "1q2w3e4r",    "!QAZ2wsx",
                               "iloveyou",     "trustno1",    "princesa7",
                               "s3nh4s3gur4",  "4dm1n123",    "correcthorsebatterystaple"}) {
    EXPECT_EQ(judged(password), "common") << password;
  }
  for (const char* password : {"flamengo-perde-no-sabado", "mariana8374650192",
                               "senhor dos aneis 7", "tr0cadilho infame", "kx4!zpqw"}) {
    EXPECT_EQ(judged(password), "good") << password;
  }
}

TEST(PasswordRules, TheListIsFoldedAndNothingIsLost) {
  EXPECT_TRUE(is_common_password("!qaz2wsx"));
  EXPECT_TRUE(is_common_password("zxcvbnm"));
  EXPECT_TRUE(is_common_password("contraseña"));
  EXPECT_FALSE(is_common_password("# digits and signs"));
  EXPECT_FALSE(is_common_password(""));
}

TEST(PasswordRules, NotOnesOwnAddressNorOurName) {
  EXPECT_EQ(judged("ana.lima@lojadomar.com.br"), "email");
  EXPECT_EQ(judged("Ana.Lima"), "email");
  EXPECT_EQ(judged("ana.lima2024"), "email");
  EXPECT_EQ(judged("lojadomar"), "email");
  EXPECT_EQ(judged("lojadomar.com.br"), "email");
  EXPECT_EQ(judged("Guarita2026!"), "email");
  EXPECT_FALSE(check_password("me-and-my-dog", "me@x.org"));
}

TEST(PasswordRules, EveryFaultHasAWordAndASentence) {
  for (const auto fault : {PasswordFault::NotText, PasswordFault::TooShort, PasswordFault::TooLong,
                           PasswordFault::Repeated, PasswordFault::Sequence, PasswordFault::Common,
                           PasswordFault::Email, PasswordFault::Same}) {
    EXPECT_FALSE(word_of(fault).empty());
    EXPECT_GT(sentence_of(fault).size(), word_of(fault).size());
  }
}

// ---- HashQueue ----------------------------------------------------------------------------------

// Holds every call until it is let go, and knows how many ran at once.
class Slow final : public PasswordFunctions {
 public:
  std::optional<std::string> hash(std::string_view) override {
    run();
    return "hash";
  }
  crypto::PasswordMatch verify(std::string_view, std::string_view) override {
    run();
    return crypto::PasswordMatch::Yes;
  }
  void let_go(int n) { gate_.release(n); }
  void wait_for_entry() { entered_.acquire(); }
  int most() const { return most_; }

 private:
  void run() {
    const int now = ++running_;
    int seen = most_;
    while (now > seen && !most_.compare_exchange_weak(seen, now)) {
    }
    entered_.release();
    gate_.acquire();
    --running_;
  }
  std::counting_semaphore<> gate_{0}, entered_{0};
  std::atomic<int> running_{0}, most_{0};
};

using Who = HashQueue::Who;

TEST(HashQueue, RunsFewAtOnceAndRefusesTheRest) {
  Slow slow;
  HashQueue queue(slow, 1);
  const Secret password("x");
  std::atomic<int> done{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] { done += queue.hash(password, Who::Stranger).has_value() ? 1 : 0; });
  }
  slow.wait_for_entry();
  // One runs. Whether the second waits in line already or comes late, a stranger's third place
  // does not exist once both are held.
  while (queue.held() < 2) std::this_thread::yield();
  EXPECT_FALSE(queue.hash(password, Who::Stranger));
  EXPECT_EQ(queue.verify("h", password, Who::Stranger), crypto::PasswordMatch::NoMemory);

  std::atomic<int> known{0};
  threads.emplace_back([&] { known += queue.hash(password, Who::Known).has_value() ? 1 : 0; });
  while (queue.held() < 3) std::this_thread::yield();
  EXPECT_FALSE(queue.hash(password, Who::Known)) << "three are the most for anybody";

  slow.let_go(3);
  threads.clear();
  EXPECT_EQ(done, 2);
  EXPECT_EQ(known, 1);
  EXPECT_EQ(slow.most(), 1);
  EXPECT_EQ(queue.held(), 0U);
  slow.let_go(1);
  EXPECT_TRUE(queue.hash(password, Who::Stranger)) << "free again";
}

TEST(HashQueue, TakesHalfOfTheCoresAtMostTwo) {
  EXPECT_GE(HashQueue::default_running_max(), 1U);
  EXPECT_LE(HashQueue::default_running_max(), 2U);
}

TEST(HashQueue, TheRealOnesAreArgon2id) {
  ASSERT_TRUE(crypto::init());
  HashQueue queue(argon2id());
  const auto hash = queue.hash(Secret("kx4!zpqw"), Who::Stranger);
  ASSERT_TRUE(hash);
  EXPECT_EQ(hash->substr(0, 10), "$argon2id$");
  EXPECT_EQ(queue.verify(*hash, Secret("kx4!zpqw"), Who::Stranger), crypto::PasswordMatch::Yes);
  EXPECT_EQ(queue.verify(*hash, Secret("kx4!zpqx"), Who::Stranger), crypto::PasswordMatch::No);
}

}  // namespace
}  // namespace guarita::identity
