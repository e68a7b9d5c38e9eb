// From settings to what the data plane and control are made of.
#pragma once

#include <memory>
#include <string>

#include "app/settings.h"
#include "base/result.h"
#include "proxy/tuning.h"

namespace guarita::app {

// REQUIRES: checked settings. The error names a route all the same, should one not compile.
Result<std::shared_ptr<const proxy::Tuning>, std::string> make_tuning(
    const Settings& settings, policy::UnknownInstance unknown_instance);

}  // namespace guarita::app
