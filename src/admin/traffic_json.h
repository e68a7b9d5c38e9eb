// Traffic as the API shows it, whole and live.
#pragma once

#include <boost/json/object.hpp>

#include "control/control.h"

namespace guarita::admin {

boost::json::object json_of(const telemetry::Denial& denial);
// {"accepted": 3, "missing": 1}: the words of live tokens are one.
boost::json::object classes_of(const std::vector<telemetry::WordCount>& counts);

}  // namespace guarita::admin
