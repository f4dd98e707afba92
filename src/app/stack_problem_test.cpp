// SPDX-License-Identifier: Apache-2.0
#include "app/stack_problem.h"

#include <gtest/gtest.h>

#include "app/stack.h"
#include "app/toml_reader.h"
#include "view/definition.h"

namespace tidemark::app {
namespace {

constexpr std::string_view kHead = "[[view]]\nname = \"window\"\ndatabase = \"d\"\ntable = \"t\"\n";

/// The refusal of a view with these lines, as "FIELD LINE".
std::string PlaceOf(std::string_view lines) {
  const std::string text = std::string(kHead) + std::string(lines);
  const auto stack = ParseStack(text, "a b.toml");
  Error error{Code::kInternal, ""};
  if (!stack.ok()) {
    error = stack.error();
  } else {
    catalog::ViewDef def = stack->views.at(0);
    def.id = ViewId{1};
    const auto made = view::FromCatalog(def, {.source = TableId{1}, .target = TableId{1}});
    if (made.ok()) return "none";
    error = made.error();
  }
  const auto problem = LocateProblem(text, "a b.toml", error);
  EXPECT_FALSE(problem.message.starts_with("a b.toml")) << problem.message;
  return (problem.field.empty() ? "-" : problem.field) + " " + std::to_string(problem.line);
}

TEST(StackProblem, NamesTheKeyAndTheLine) {
  EXPECT_EQ(PlaceOf("window = \"1m\"\n"), "none");
  EXPECT_EQ(PlaceOf(""), "window 1");
  EXPECT_EQ(PlaceOf("window = \"soon\"\n"), "window 5");
  EXPECT_EQ(PlaceOf("window = \"1m\"\nfill = \"linear\"\n"), "fill 6");
  EXPECT_EQ(PlaceOf("window = \"1m\"\nevery = \"1s\"\n"), "every 6");
  EXPECT_EQ(PlaceOf("calendar = \"day\"\noffset = \"1h\"\n"), "offset 6");
  EXPECT_EQ(PlaceOf("window = \"1m\"\n  late = \"never\"\n"), "late 6");
  EXPECT_EQ(PlaceOf("window = \"1m\"\nsource = \"a b\"\n"), "source 6");
  EXPECT_EQ(PlaceOf("window = \"1m\"\nfilter = {value_min = \"x\"}\n"), "value_min 6");
  EXPECT_EQ(PlaceOf("window = \"1m\"\nfilter = {host = 3}\n"), "filter 6");
  EXPECT_EQ(PlaceOf("window = \"1m\"\ncolumns = 3\n"), "columns 6");
  EXPECT_EQ(PlaceOf("window = \"1m\"\nlabel_map = {name = \"x\"}\n"), "label_map 6");
  EXPECT_EQ(PlaceOf("window = \"1m\"\naggregate = \"avg\"\naggregates = [\"max\"]\n"),
            "aggregates 7");
}

TEST(StackProblem, AnUnknownKeyIsNoField) {
  EXPECT_EQ(PlaceOf("window = \"1m\"\nlabell = \"end\"\n"), "- 6");
  EXPECT_EQ(PlaceOf("window = \n"), "window 5");  // no TOML
}

// The view is called "window": its name is not taken for the key.
TEST(StackProblem, NamesTheKeyOfADefinitionThatIsRefused) {
  EXPECT_EQ(PlaceOf("window = \"1m\"\naggregates = [\"mean\"]\n"), "aggregates 0");
  EXPECT_EQ(PlaceOf("window = \"1m\"\naggregates = [\"histogram\"]\n"), "aggregates 0");
  EXPECT_EQ(PlaceOf("window = \"1m\"\naggregates = [\"avg\", \"max\"]\noutput = \"{measure}_x\"\n"),
            "output 0");
  EXPECT_EQ(PlaceOf("window = \"1m\"\noutput = \"{measure}\"\n"), "output 0");
  EXPECT_EQ(PlaceOf("window = \"1m\"\ntypes = [\"FLOAT\"]\n"), "types 0");
  EXPECT_EQ(PlaceOf("window = \"1m\"\ntypes = [\"VARCHAR\"]\n"), "aggregates 0");
  EXPECT_EQ(PlaceOf("window = \"1d\"\nslide = \"1ms\"\n"), "slide 0");
  EXPECT_EQ(PlaceOf("calendar = \"day\"\nzone = \"Europe/Nowhere\"\n"), "zone 0");
  EXPECT_EQ(PlaceOf("levels = [\"1m\", \"90s\"]\noutput = \"{window}_{aggregate}_{measure}\"\n"),
            "levels 0");
  EXPECT_EQ(PlaceOf("session_gap = \"1m\"\nmax_session = \"30s\"\n"), "max_session 0");
  EXPECT_EQ(PlaceOf("every = \"1s\"\ngroup_by = [\"a\"]\n"), "group_by 0");
  EXPECT_EQ(PlaceOf("window = \"1m\"\ngroup_by = [\"a\", \"a\"]\n"), "group_by 0");
  EXPECT_EQ(PlaceOf("window = \"1m\"\nout_of_orderness = \"5000d\"\n"), "out_of_orderness 0");
  EXPECT_EQ(PlaceOf("window = \"1m\"\nearly = \"1ms\"\n"), "early 0");
  EXPECT_EQ(PlaceOf("window = \"1m\"\nrows = \"multi\"\n"), "output 0");
  EXPECT_EQ(PlaceOf("window = \"1m\"\ncolumns = [\"*\"]\naggregates = [\"count\", \"max\"]\n"),
            "columns 0");
}

TEST(StackProblem, NamesTheTableThatIsMissing) {
  const Error error{Code::kNotFound,
                    "f.toml: view \"late\" needs table \"d.t\", which neither exists nor is in the "
                    "file"};
  const auto problem = LocateProblem("", "f.toml", error);
  EXPECT_EQ(problem.field, "table");
  EXPECT_EQ(problem.line, 0);
  EXPECT_TRUE(problem.message.starts_with("view \"late\" needs"));
}

TEST(TomlJson, HasEverythingThatIsThere) {
  const auto toml =
      ParseToml("a = [1, 2.5, \"x\\ny\"]\n[t]\nb = true\nd = 2026-01-15\nn = nan\n", "f");
  ASSERT_TRUE(toml.ok());
  EXPECT_EQ(toml->Json(), R"({"a":[1,2.5,"x\ny"],"t":{"b":true,"d":"2026-01-15","n":null}})");
}

}  // namespace
}  // namespace tidemark::app
