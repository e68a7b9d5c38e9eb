// The one binary. Everything it can do is a subcommand: src/cli.
#include "cli/cli.h"

int main(int argc, char** argv) {
  return guarita::cli::run(argc, argv);
}
