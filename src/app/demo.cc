#include "app/demo.h"

#include <fmt/format.h>
#include <system_error>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <ostream>

#include "app/config_key.h"
#include "app/demo_story.h"
#include "app/sample_upstream.h"
#include "app/server.h"
#include "app/signals.h"

namespace guarita::app {
namespace {

namespace fs = std::filesystem;

// A folder that goes when the demo does, or one that stays.
class DataFolder {
 public:
  ~DataFolder() {
    std::error_code ignored;
    if (temporary_) fs::remove_all(path_, ignored);
  }
  // An error text, or none.
  std::string open(const std::string& wanted) {
    std::error_code failed;
    if (!wanted.empty()) {
      path_ = fs::absolute(wanted, failed);
      if (!failed) fs::create_directories(path_, failed);
      return failed ? wanted + ": " + failed.message() : "";
    }
    std::string pattern = (fs::temp_directory_path(failed) / "guarita-demo-XXXXXX").string();
    if (failed || ::mkdtemp(pattern.data()) == nullptr) {
      return "no temporary folder can be made: " + std::generic_category().message(errno);
    }
    path_ = pattern;
    temporary_ = true;
    return "";
  }
  std::string file(std::string_view name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
  bool temporary_ = false;
};

std::string flag_of(const std::string& key) {
  if (key == "gate.listen") return "--listen";
  if (key == "console.listen") return "--console";
  if (key == "status.listen") return "--status";
  return "--data";
}

Loaded demo_settings(const DemoOptions& options, const DataFolder& data,
                     const std::string& upstream) {
  const std::string text = fmt::format(
      "[gate]\nlisten = {}\n[console]\nlisten = {}\n[status]\nlisten = {}\n[store]\nsqlite = {}\n"
      "[upstream]\ndefault = {}\n[timeouts]\ndrain = \"2s\"\n[log]\nfile = {}\n",
      quote(options.gate), quote(options.console), quote(options.status),
      quote(data.file("guarita.db")), quote(upstream), quote(data.file("guarita.log")));
  return parse_config(text, "demo", {});
}

constexpr std::string_view kDemoEmail = "demo@guarita.example";

store::Actor demo_actor() {
  return {.kind = store::ActorKind::System,
          .name = "demo",
          .address = {},
          .email = {},
          .request_id = {}};
}

// Creates the account and its instances; what is there from an earlier run with --data stays.
std::string furnish(control::Control& control) {
  const control::Request request{demo_actor(), {}};
  const auto made =
      control.create_account(request, std::string(kDemoAccount), "Conta de demonstração");
  if (!made && made.error().code != control::ErrorCode::AccountExists) return made.error().detail;
  for (const std::string_view id : kDemoInstances) {
    control::NewInstance instance;
    instance.id = id;
    instance.account_id = kDemoAccount;
    const auto created = control.create_instance(request, std::move(instance));
    if (!created && created.error().code != control::ErrorCode::InstanceExists) {
      return created.error().detail;
    }
  }
  return "";
}

// The link that signs in to the panel as the demo's operator: an invitation the first time, after
// that a new password.
std::string panel_link(Server& server) {
  identity::Identity& identity = server.identity();
  auto link = identity.create_user(demo_actor(), {.email = std::string(kDemoEmail),
                                                  .name = "Demo",
                                                  .language = {},
                                                  .is_operator = true,
                                                  .memberships = {}});
  if (!link && link.error().code == identity::ErrorCode::UserExists) {
    const auto known = identity.users({}, std::string(kDemoEmail), {});
    if (known && !known->rows.empty()) {
      link = identity.reset_link(demo_actor(), known->rows.front().key);
    }
  }
  if (!link) return "no link could be made: " + link.error().detail;
  return fmt::format("http://{}/#/link/{}", server.console_address(), link->token.reveal());
}

std::string own_path() {
  std::error_code failed;
  const fs::path path = fs::read_symlink("/proc/self/exe", failed);
  return failed ? "guarita" : path.string();
}

int fail(std::ostream& err, const std::string& text, const std::string& remedy) {
  err << "error: " << text << '\n';
  if (!remedy.empty()) err << "  " << remedy << '\n';
  err.flush();
  return 1;
}

}  // namespace

int demo(const DemoOptions& options, std::ostream& out, std::ostream& err) {
  block_signals();
  DataFolder data;
  if (const std::string wrong = data.open(options.data); !wrong.empty()) {
    return fail(err, wrong, "name a folder: guarita demo --data DIR");
  }
  SampleUpstream sample;
  if (const auto wrong = sample.start()) return fail(err, "the sample instance: " + *wrong, "");

  Loaded loaded = demo_settings(options, data, sample.url());
  if (!loaded.settings) {
    const Problem& first = loaded.errors.front();
    return fail(err, flag_of(first.key) + ": " + first.text, first.allowed);
  }
  if (std::string wrong = log::start(log::Level::Info, data.file("guarita.log")); !wrong.empty()) {
    return fail(err, wrong, "name a folder that can be written to: guarita demo --data DIR");
  }
  int code = 0;
  {
    Server server(std::move(*loaded.settings), Server::Purpose::Demo);
    if (const auto failed = server.start()) {
      log::stop();
      return fail(
          err, failed->text,
          failed->key.ends_with(".listen")
              ? fmt::format("choose another one: guarita demo {} 127.0.0.1:0", flag_of(failed->key))
              : failed->remedy);
    }
    if (const std::string wrong = furnish(server.control()); !wrong.empty()) {
      code = fail(err, wrong, "start over: guarita demo, without --data");
    } else {
      const StoryPlaces places{own_path(),
                               server.gate_addresses().front(),
                               server.console_address(),
                               server.console_address().empty() ? "off" : panel_link(server),
                               server.status_address(),
                               server.socket_path(),
                               sample.url()};
      if (options.story == DemoOptions::Story::Play) {
        code = play_story(out, server, places) ? 0 : 1;
      } else {
        print_story(out, places);
        while (wait_for_signal() == Signal::Reload) {
        }
        out << "\nstopping\n" << std::flush;
      }
    }
    server.stop();
  }
  sample.stop();
  log::stop();
  return code;
}

}  // namespace guarita::app
