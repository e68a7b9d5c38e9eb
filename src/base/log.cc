#include "base/log.h"

#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <chrono>
#include <mutex>

#include "base/time.h"

namespace guarita::log {
namespace {

// 8,192 lines of about 300 bytes: 2.5 MB, several seconds of a busy access log on a slow disk.
constexpr std::size_t kQueueLines = 8192;

// Where the writer thread puts lines; reopening exchanges what is inside, so that the logger which
// other threads hold stays the same for the life of the process.
class SwitchingSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  void switch_to(spdlog::sink_ptr sink) {
    const std::scoped_lock lock(mutex_);
    if (inner_) inner_->flush();
    inner_ = std::move(sink);
    inner_->set_pattern("%v");
  }

 private:
  void sink_it_(const spdlog::details::log_msg& line) override { inner_->log(line); }
  void flush_() override { inner_->flush(); }
  spdlog::sink_ptr inner_;
};

std::atomic<Level> g_level{Level::Info};
std::atomic<std::uint64_t> g_dropped_before{0};
std::mutex g_mutex;  // guards the three below
std::shared_ptr<spdlog::details::thread_pool> g_pool;
std::shared_ptr<SwitchingSink> g_sink;
std::shared_ptr<spdlog::async_logger> g_logger;
std::atomic<spdlog::async_logger*> g_current{nullptr};

std::string_view name_of(Level level) {
  switch (level) {
    case Level::Debug: return "debug";
    case Level::Info: return "info";
    case Level::Warn: return "warn";
    case Level::Error: return "error";
  }
  return "error";
}

// Length of the UTF-8 sequence at the front of `text`, 0 when it is not one.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  std::size_t length = 0;
  unsigned low = 0x80;
  unsigned high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  }
  if (length == 0 || text.size() < length || byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  }
  return length;
}

void append_value(std::string& out, const Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value.held)) {
    out += '"';
    append_json_escaped(out, *text);
    out += '"';
  } else if (const auto* number = std::get_if<std::int64_t>(&value.held)) {
    out += std::to_string(*number);
  } else {
    out += std::get<bool>(value.held) ? "true" : "false";
  }
}

}  // namespace

void append_json_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += text[i++];
    } else if (c >= 0x20 && c < 0x7F) {
      out += text[i++];
    } else if (const std::size_t n = c >= 0x80 ? utf8_length(text.substr(i)) : 0; n != 0) {
      out.append(text.substr(i, n));
      i += n;
    } else {
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 0x0f];
      ++i;
    }
  }
}

std::string start(Level level, const std::string& path) {
  const std::scoped_lock lock(g_mutex);
  try {
    spdlog::sink_ptr sink;
    if (path.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
    }
    if (!g_logger) {
      g_sink = std::make_shared<SwitchingSink>();
      g_pool = std::make_shared<spdlog::details::thread_pool>(kQueueLines, 1);
      g_logger = std::make_shared<spdlog::async_logger>(
          "guarita", g_sink, g_pool, spdlog::async_overflow_policy::overrun_oldest);
      g_logger->set_level(spdlog::level::trace);
      g_logger->flush_on(spdlog::level::trace);
    }
    g_sink->switch_to(std::move(sink));
    g_current.store(g_logger.get(), std::memory_order_release);
    g_level.store(level);
    return {};
  } catch (const std::exception& e) {
    return e.what();
  }
}

void stop() {
  const std::scoped_lock lock(g_mutex);
  g_current.store(nullptr);
  if (g_pool) g_dropped_before += g_pool->overrun_counter();
  g_pool.reset();  // joins the writer after it has drained the queue
  // Only now: each line in the queue holds the logger too, and the writer must not be the one that
  // lets go of it last.
  g_logger.reset();
  g_sink.reset();
}

void set_level(Level level) {
  g_level.store(level, std::memory_order_relaxed);
}
bool enabled(Level level) {
  return level >= g_level.load(std::memory_order_relaxed);
}

std::uint64_t dropped_lines() {
  const std::scoped_lock lock(g_mutex);
  return g_dropped_before + (g_pool ? g_pool->overrun_counter() : 0);
}

void write(Level level, std::string_view component, std::string_view message, Fields fields) {
  if (!enabled(level)) return;
  std::string text = "{\"time\":\"";
  text += format_rfc3339(std::chrono::floor<Millis>(std::chrono::system_clock::now()));
  text.append("\",\"level\":\"").append(name_of(level));
  text.append("\",\"component\":\"").append(component).append("\",\"message\":\"");
  append_json_escaped(text, message);
  text += '"';
  for (const Field& field : fields) {
    text.append(",\"").append(field.name).append("\":");
    append_value(text, field.value);
  }
  text += '}';
  line(std::move(text));
}

void line(std::string&& json) {
  if (auto* logger = g_current.load(std::memory_order_acquire)) {
    logger->log(spdlog::level::info, spdlog::string_view_t(json.data(), json.size()));
    return;
  }
  json += '\n';
  std::fwrite(json.data(), 1, json.size(), stderr);
}

}  // namespace guarita::log
