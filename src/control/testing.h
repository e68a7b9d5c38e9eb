// What control's and admin's tests share: a clock that is told the time, a data plane that is told
// when its threads have passed, and a whole Control over SQLite in a folder that goes away.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "control/control.h"
#include "policy/snapshot.h"
#include "store/sqlite_store.h"
#include "telemetry/hub.h"

namespace guarita::control::testing {

class FakeClock final : public Clock {
 public:
  Time now() const override { return Time(std::chrono::floor<Millis>(Micros(now_.load()))); }
  Instant instant() const override { return Instant(Micros(now_.load())); }
  void set(Time t) { now_ = Micros(t.time_since_epoch()).count(); }
  void pass(Micros d) { now_ += d.count(); }

 private:
  std::atomic<std::int64_t> now_{1'790'000'000'000'000};
};

// Passes at once, or, while `stuck`, not before release().
class FakeBarrier final : public Barrier {
 public:
  explicit FakeBarrier(const Clock& clock) : clock_(clock) {}

  BarrierReport pass(const Redecide& scope, Millis timeout) override;
  void release() { *released_ = true; }

  std::vector<Redecide> scopes;
  std::vector<Millis> timeouts;
  std::function<void()> on_pass;  // before it answers
  bool stuck = false;
  unsigned streams_closed = 0;

 private:
  const Clock& clock_;
  std::shared_ptr<std::atomic<bool>> released_ = std::make_shared<std::atomic<bool>>(false);
};

class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// Members in the order of their construction.
struct World {
  explicit World(Options options = {});
  // A second Control over the same store, as after a restart: what the process knew is gone.
  void restart();

  Control& control() { return *control_; }
  store::Store& store() { return *store_; }

  // Short ways; each expects success.
  AccountView account(const std::string& id);
  Done<AccountView> make_account(const std::string& id);
  Done<store::InstanceRow> make_instance(const std::string& id, const std::string& account);
  std::string make_token(const std::string& account);  // generate; its text
  void activate(const std::string& account);
  // What the gate says: "allow" or the public reason.
  std::string decide(const std::string& instance, const std::string& token,
                     const std::string& address = "192.0.2.7");
  // The published snapshot is what a fresh load of the store gives.
  ::testing::AssertionResult snapshot_is_the_store();

  TempFolder folder;
  FakeClock clock;
  FakeBarrier barrier{clock};
  telemetry::Hub hub;
  Options options;
  std::unique_ptr<policy::Snapshot> snapshot;

 private:
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Control> control_;
};

// An operator who has not looked; or who has seen that revision.
Request as_operator(std::optional<store::Revision> seen = std::nullopt);

// The code of an error, or "ok".
template <class T>
std::optional<ErrorCode> code_of(const Outcome<T>& outcome) {
  return outcome ? std::nullopt : std::optional(outcome.error().code);
}

}  // namespace guarita::control::testing
