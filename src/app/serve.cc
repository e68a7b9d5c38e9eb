// `guarita serve`: from a file to a running server, and the signals that change it.
#include <malloc.h>

#include <ostream>

#include "app/server.h"
#include "app/signals.h"
#include "base/log.h"

namespace guarita::app {
namespace {

enum ExitCode : int { kServed = 0, kFailed = 1, kBadConfiguration = 2 };

// What one batch of an import frees, tens of megabytes, serves the next one: given back to the
// system, every page of it would be faulted in again.
void keep_freed_memory() {
  constexpr int kMebibyte = 1024 * 1024;
  mallopt(M_MMAP_THRESHOLD, 32 * kMebibyte);
  mallopt(M_TRIM_THRESHOLD, 64 * kMebibyte);
}

void print(std::ostream& err, const Loaded& loaded) {
  for (const Problem& problem : loaded.warnings) err << "warning: " << format(problem) << '\n';
  for (const Problem& problem : loaded.errors) err << "error: " << format(problem) << '\n';
  err.flush();
}

void reload(Server& server, const std::string& path) {
  notify_service_manager("RELOADING=1");
  Loaded loaded = load_config(path, process_environment());
  for (const Problem& problem : loaded.warnings) log::warn("config", format(problem));
  for (const Problem& problem : loaded.errors) log::error("config", format(problem));
  if (!loaded.settings) {
    log::error("config", "reload refused; the last good configuration stays",
               {{"file", path}, {"errors", loaded.errors.size()}});
  } else {
    const auto restart = server.reload(std::move(*loaded.settings));
    for (const std::string& key : restart) {
      log::warn("config", "changed, and needs a restart", {{"key", key}});
    }
    log::info("config", "reloaded", {{"file", path}, {"need_restart", restart.size()}});
  }
  notify_service_manager("READY=1");
}

}  // namespace

int serve(const std::string& config_path, std::ostream& err) {
  block_signals();
  keep_freed_memory();
  Loaded loaded = load_config(config_path, process_environment());
  print(err, loaded);
  if (!loaded.settings) {
    err << "nothing was started; mend the file, then look again with: guarita check-config "
        << config_path << '\n';
    return kBadConfiguration;
  }
  const Settings::Log log_settings = loaded.settings->log;
  if (std::string wrong = log::start(log_settings.level, log_settings.file); !wrong.empty()) {
    err << "error: the log " << log_settings.file << " cannot be opened: " << wrong
        << "\n  change log.file, or make its folder\n";
    return kFailed;
  }
  Server server(std::move(*loaded.settings));
  if (const auto failed = server.start()) {
    // Without a file the log goes where the sentence below goes: once is enough.
    if (!log_settings.file.empty()) {
      log::error("server", failed->text, {{"remedy", failed->remedy}, {"key", failed->key}});
    }
    log::stop();
    err << "error: " << failed->text << "\n  " << failed->remedy;
    if (!failed->key.empty()) err << " (key " << failed->key << ')';
    err << std::endl;
    return kFailed;
  }
  notify_service_manager("READY=1");
  while (wait_for_signal() == Signal::Reload) reload(server, config_path);
  notify_service_manager("STOPPING=1");
  server.stop();
  log::info("server", "stopped");
  log::stop();
  return kServed;
}

}  // namespace guarita::app
