// `guarita apply`: the whole file is checked first, by the file itself and by the server's dry run;
// then it goes to the server in batches. What was done already costs nothing, so a run that broke
// off is simply run again.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/json.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <ostream>
#include <utility>

#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/rows.h"

namespace guarita::cli {
namespace json = boost::json;
namespace {

constexpr std::size_t kBatchRowsMax = 20'000;        // others wait for one batch
constexpr std::size_t kBatchBytesMax = 1900 * 1024;  // the server takes 2 MiB
constexpr std::size_t kErrorsShown = 20;
constexpr std::array kCounts = {"created", "updated", "unchanged", "deleted", "failed"};
constexpr std::size_t kCreated = 0, kDeleted = 3, kFailed = 4;

// Ctrl-C ends the run between two batches.
std::atomic<bool> interrupted{false};
class InterruptGuard {
 public:
  InterruptGuard() {
    struct sigaction action{};
    action.sa_handler = [](int) { interrupted = true; };
    sigaction(SIGINT, &action, &before_);
    interrupted = false;
  }
  ~InterruptGuard() { sigaction(SIGINT, &before_, nullptr); }
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  struct sigaction before_{};
};

// The file is read twice; standard input is kept in a nameless file meanwhile.
Outcome<std::ifstream> open_rows(Session& session, const std::string& file) {
  if (file != "-") {
    std::ifstream in(file, std::ios::binary);
    if (!in || std::filesystem::is_directory(file)) return fail("cannot read " + file);
    return in;
  }
  std::string path = (std::filesystem::temp_directory_path() / "guarita-XXXXXX").string();
  const int descriptor = ::mkstemp(path.data());
  if (descriptor < 0) return fail("cannot make a file in " + path);
  ::close(descriptor);
  std::ofstream out(path, std::ios::binary);
  if (session.terminal.in.peek() != std::istream::traits_type::eof()) {
    out << session.terminal.in.rdbuf();
  }
  out.close();
  std::ifstream in(path, std::ios::binary);
  ::unlink(path.c_str());
  if (!out || !in) return fail("cannot keep what came in: is the disk of " + path + " full?");
  return in;
}

enum class Pass : std::uint8_t { Check, Do };

// One reading of the file. The next batch is made ready while the server is at the last one.
class Run {
 public:
  Run(Session& session, std::ifstream& in, RowFormat format, Pass pass, std::uint64_t total)
      : session_(session),
        reader_(in, format),
        pass_(pass),
        total_(total),
        progress_(session.terminal.err,
                  session.terminal.err_is_terminal ? Progress::Shape::Bar : Progress::Shape::Lines,
                  pass == Pass::Check ? "checking" : "applying", [] {
                    return std::chrono::duration_cast<Millis>(
                        std::chrono::steady_clock::now().time_since_epoch());
                  }) {}

  // Ends early when the server cannot be reached or fails, and when it is interrupted.
  Outcome<void> run() {
    Row row;
    while (reader_.next(row)) {
      ++rows_;
      FileCheck::Verdict verdict;
      if (pass_ == Pass::Check) verdict = check_.look(row);
      if (!verdict.wrong.empty()) {
        note(row.line, verdict.wrong);
        continue;
      }
      const bool full = batch_.lines.size() == kBatchRowsMax ||
                        batch_.body.size() + row.json.size() > kBatchBytesMax;
      if (full) {
        if (auto sent = send(); !sent) return sent;
      }
      if (!batch_.body.empty()) batch_.body += ',';
      batch_.body += row.json;
      batch_.lines.push_back(row.line);
      batch_.verdicts.push_back(std::move(verdict));
    }
    auto sent = send();
    if (sent) sent = settle();
    progress_.finish();
    return sent;
  }

  std::uint64_t rows() const { return rows_; }
  std::uint64_t acknowledged() const { return acknowledged_; }
  std::size_t last_line() const { return last_line_; }
  std::uint64_t errors() const { return errors_; }
  const std::string& shown() const { return shown_; }
  std::uint64_t count(std::size_t of) const { return counts_[of]; }
  const json::value& receipt() const { return receipt_; }
  void finish() { progress_.finish(); }

 private:
  Outcome<void> send() {
    if (auto settled = settle(); !settled) return settled;
    if (batch_.lines.empty()) return {};
    if (interrupted) return fail("stopped");
    std::string body = "{\"items\":[" + std::move(batch_.body);
    body += pass_ == Pass::Check ? "],\"dry_run\":true}" : "]}";
    reply_ =
        std::async(std::launch::async, [&api = session_.api, body = std::move(body)]() mutable {
          return api.send_text("POST", "/v1/batch", std::move(body));
        });
    sent_ = std::exchange(batch_, {});
    return {};
  }

  // Waits for what was sent.
  Outcome<void> settle() {
    if (!reply_.valid()) return {};
    auto reply = reply_.get();
    if (!reply) return Err<Failure>(std::move(reply.error()));
    for (std::size_t i = 0; i < kCounts.size(); ++i) {
      const json::value& count = at(at(reply->json, "counts"), kCounts[i]);
      if (count.is_int64()) counts_[i] += static_cast<std::uint64_t>(count.get_int64());
    }
    auto took = take_errors(at(reply->json, "errors"));
    if (!took) return took;
    if (is_true(at(at(reply->json, "receipt"), "changed"))) receipt_ = at(reply->json, "receipt");
    acknowledged_ += sent_.lines.size();
    last_line_ = sent_.lines.back();
    progress_.show(acknowledged_, total_);
    return {};
  }

  Outcome<void> take_errors(const json::value& errors) {
    if (!errors.is_array()) return {};
    for (const json::value& error : errors.get_array()) {
      const auto* index = error.as_object().if_contains("index");
      if (index == nullptr || !index->is_int64()) continue;
      const auto i = static_cast<std::size_t>(index->get_int64());
      if (i >= sent_.lines.size()) continue;
      const std::string code = text_at(error, "code");
      if (pass_ == Pass::Check && comes_by_itself(code, sent_.verdicts[i])) {
        --counts_[kFailed];
        ++counts_[code == "account_not_found" ? kCreated : kDeleted];
        continue;
      }
      note(sent_.lines[i], text_at(error, "detail") + " (" + code + ")");
      if (code == "store_unavailable") return fail(text_at(error, "detail"));
    }
    return {};
  }

  // What a dry run refuses only because the rows before are not yet there.
  static bool comes_by_itself(std::string_view code, const FileCheck::Verdict& verdict) {
    if (code == "account_not_found") return verdict.owner_comes_first;
    return code == "account_owns_instances" && verdict.follows_instances;
  }

  void note(std::size_t line, std::string_view what) {
    if (errors_++ < kErrorsShown) {
      shown_ += "line " + std::to_string(line) + ": " + printable(what) + "\n";
    }
  }

  struct Batch {
    std::string body;  // the rows, comma between
    std::vector<std::size_t> lines;
    std::vector<FileCheck::Verdict> verdicts;
  };

  Session& session_;
  RowReader reader_;
  const Pass pass_;
  const std::uint64_t total_;
  Progress progress_;
  FileCheck check_;
  Batch batch_, sent_;
  std::future<Outcome<Reply>> reply_;  // to what was sent
  std::uint64_t rows_ = 0, acknowledged_ = 0, errors_ = 0;
  std::size_t last_line_ = 0;
  std::string shown_;
  std::array<std::uint64_t, kCounts.size()> counts_{};
  json::value receipt_;
};

void show_errors(Session& session, const Run& run) {
  session.terminal.err << run.shown();
  if (run.errors() > kErrorsShown) {
    session.terminal.err << "… and " << with_commas(run.errors() - kErrorsShown) << " more\n";
  }
}

ExitCode summarise(Session& session, const Run& run, const ApplyOptions& options) {
  if (session.globals.output == Output::Json) {
    json::object sums{{"rows", run.rows()}, {"dry_run", options.dry_run}};
    for (std::size_t i = 0; i < kCounts.size(); ++i) sums[kCounts[i]] = run.count(i);
    session.terminal.out << json::serialize(sums) << '\n';
  } else {
    session.terminal.out << with_commas(run.rows()) << (run.rows() == 1 ? " row" : " rows");
    if (options.dry_run) session.terminal.out << ", nothing changed, would be";
    for (std::size_t i = 0; i < kCounts.size(); ++i) {
      if (run.count(i) == 0) continue;
      session.terminal.out << ", " << with_commas(run.count(i)) << ' ' << kCounts[i];
    }
    session.terminal.out << '\n';
  }
  return ExitCode::Ok;
}

Failure broken_off(const Run& run, std::uint64_t total, Failure why) {
  why.message +=
      "; " + with_commas(run.acknowledged()) + " of " + with_commas(total) + " rows were applied";
  if (run.last_line() > 0) why.message += ", up to line " + std::to_string(run.last_line());
  why.remedy = "run the same command again: what was applied is left as it is" +
               (why.remedy.empty() ? "" : "; before: " + why.remedy);
  return why;
}

}  // namespace

Outcome<ExitCode> apply_file(Session& session, const ApplyOptions& options) {
  const auto format = row_format(options.format, options.file);
  if (!format) return Err<Failure>(format.error());
  auto in = open_rows(session, options.file);
  if (!in) return Err<Failure>(in.error());
  const InterruptGuard guard;

  Run check(session, *in, *format, Pass::Check, 0);
  auto checked = check.run();
  check.finish();
  if (!checked) {
    checked.error().message += "; nothing was changed";
    return Err<Failure>(std::move(checked.error()));
  }
  if (check.errors() > 0) {
    show_errors(session, check);
    return fail("nothing was changed: " + with_commas(check.errors()) + " of " +
                    with_commas(check.rows()) + (check.rows() == 1 ? " row" : " rows") +
                    " cannot be applied",
                "correct " + options.file + ", then run this again");
  }
  if (options.dry_run) return summarise(session, check, options);

  in->clear();
  in->seekg(0);
  Run run(session, *in, *format, Pass::Do, check.rows());
  auto done = run.run();
  run.finish();
  show_errors(session, run);
  if (!done) return Err<Failure>(broken_off(run, check.rows(), std::move(done.error())));
  summarise(session, run, options);
  if (run.errors() > 0) return fail(with_commas(run.errors()) + " rows were refused");
  return wait_in_force(session, run.receipt());
}

}  // namespace guarita::cli
