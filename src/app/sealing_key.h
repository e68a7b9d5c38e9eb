// The sealing key's file: 64 hexadecimal digits, mode 0600.
#pragma once

#include <string>

#include "app/server.h"
#include "base/result.h"
#include "control/control.h"

namespace guarita::app {

// Reads the key, or makes it when there is no such file. An existing file is never written to.
Result<control::SealingKey, StartError> load_sealing_key(const std::string& path);

}  // namespace guarita::app
