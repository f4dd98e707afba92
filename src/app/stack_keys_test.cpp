// SPDX-License-Identifier: Apache-2.0
#include "app/stack_keys.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "app/stack.h"

namespace tidemark::app {
namespace {

std::string FileText(const std::string& name) {
  std::ifstream in(TM_SOURCE_DIR "/" + name, std::ios::binary);
  EXPECT_TRUE(in) << name;
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

/// Why a view with this line alone is refused.
std::string Refusal(const std::string& line) {
  const auto stack = ParseStack("[[view]]\n" + line + "\n", "f");
  return stack.ok() ? "" : stack.error().message;
}

// The other direction is TomlTable::Expect: the reader asks for no key that is not in the list.
TEST(StackKeys, EveryKeyIsRead) {
  for (const ViewKey& key : kViewKeys) {
    const std::string name(key.name);
    // No key is a date. The first problem is the one that is said, so what is needed is there.
    std::string text;
    for (const std::string_view needed : {"name", "database", "table"}) {
      if (needed != name) text += std::string(needed) + " = \"x\"\n";
    }
    if (key.windows == "window" && key.name != "window") text += "window = \"1m\"\n";
    if (key.windows.empty()) text += "window = \"1m\"\n";
    if (!key.windows.empty() && key.windows != "window" && key.name != key.windows) {
      const bool length = key.windows != "calendar";
      text += std::string(key.windows) + (length ? " = \"1m\"\n" : " = \"day\"\n");
    }
    const std::string said = Refusal(text + name + " = 1979-05-27");
    EXPECT_NE(said.find('"' + name + '"'), std::string::npos) << name << ": " << said;
    EXPECT_EQ(said.find("unknown key"), std::string::npos) << name << ": " << said;
  }
}

TEST(StackKeys, AMistypedKeyFindsOneThatOnlySomeViewsHave) {
  const std::string head = "name = \"x\"\ndatabase = \"x\"\ntable = \"x\"\nwindow = \"1m\"\n";
  EXPECT_EQ(Refusal(head + "sorce = \"x\""),
            "f:6: unknown key \"sorce\" in [[view]]: did you mean \"source\"?");
  EXPECT_EQ(Refusal(head + "late_straem = \"x\""),
            "f:6: unknown key \"late_straem\" in [[view]]: did you mean \"late_stream\"?");
}

TEST(StackKeys, TheEditorHasThemInItsOrder) {
  const std::string text = FileText("web/src/lib/model/view_keys.ts");
  const size_t begin = text.find("const kOrder = [");
  ASSERT_NE(begin, std::string::npos);
  std::vector<std::string> order;
  const std::string list = text.substr(begin, text.find(']', begin) - begin);
  for (size_t at = list.find('\''); at != std::string::npos;) {
    const size_t end = list.find('\'', at + 1);
    order.push_back(list.substr(at + 1, end - at - 1));
    at = list.find('\'', end + 1);
  }
  std::vector<std::string> keys;
  for (const ViewKey& key : kViewKeys) keys.emplace_back(key.name);
  EXPECT_EQ(order, keys) << "view_keys.ts";
}

TEST(StackKeys, ThePageOnViewsNamesThemAll) {
  const std::string text = FileText("docs/views.md");
  for (const ViewKey& key : kViewKeys) {
    const std::string name = '`' + std::string(key.name);
    EXPECT_TRUE(text.find(name + '`') != std::string::npos ||
                text.find(name + " =") != std::string::npos)
        << key.name;
  }
}

}  // namespace
}  // namespace tidemark::app
