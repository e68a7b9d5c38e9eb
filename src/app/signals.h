// Signals as values: blocked everywhere, waited for on one thread. Also the word to systemd.
#pragma once

#include <string_view>

namespace guarita::app {

// Call before any thread is made: threads inherit the mask. SIGPIPE is ignored for good.
void block_signals();

enum class Signal { Stop, Reload };
// Waits for SIGINT, SIGTERM (Stop) or SIGHUP (Reload).
Signal wait_for_signal();

// sd_notify(3) without libsystemd: one datagram to $NOTIFY_SOCKET. Nothing without it.
void notify_service_manager(std::string_view state);

}  // namespace guarita::app
