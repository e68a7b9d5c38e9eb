// The corpus cases as inputs of the fuzz targets.
#pragma once

#include <string>
#include <vector>

#include "targets.h"

namespace guarita::fuzz {

struct Target {
  const char* name;
  void (*run)(std::string_view);
  std::vector<std::string> seeds;
};

// All five, with their seeds out of tests/corpora/http/. `kinds`: "honest", or "" for all.
std::vector<Target> load_targets(const std::string& corpus_folder, const std::string& kind);

}  // namespace guarita::fuzz
