// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "app/cli/command.h"

int main(int argc, char** argv) {
  try {
    return tidemark::app::RunCommandLine(
        std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return tidemark::app::kExitFailure;
  }
}
