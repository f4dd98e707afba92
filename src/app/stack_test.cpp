// SPDX-License-Identifier: Apache-2.0
#include "app/stack.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config.h"

namespace tidemark::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string ErrorOf(std::string_view text) {
  auto stack = ParseStack(text, "s.toml");
  return stack.ok() ? "" : stack.error().message;
}

TEST(Stack, TheSampleParses) {
  std::ifstream in(TM_SOURCE_DIR "/examples/ec2/stack.toml");
  std::ostringstream text;
  text << in.rdbuf();
  const auto stack = ParseStack(text.str(), "stack.toml");
  ASSERT_TRUE(stack.ok()) << stack.error().message;
  EXPECT_EQ(stack->streams.at(0).shards.size(), 4U);
  EXPECT_EQ(stack->tables.at(0).memory_retention_hours, 6);
  EXPECT_EQ(stack->tables.at(0).magnetic_retention_days, 1);
  EXPECT_TRUE(stack->tables.at(0).magnetic_writes_enabled);
  EXPECT_EQ(stack->pipelines.at(0).idle_timeout, seconds(15));
  EXPECT_EQ(stack->pipelines.at(0).mapping.measure_type, "MeasureValueType");
  const auto& view = stack->views.at(0);
  EXPECT_EQ(view.window, minutes(5));
  EXPECT_EQ(view.offset, nanoseconds(0));
  EXPECT_THAT(view.aggregates, ElementsAre("avg"));
  EXPECT_EQ(view.label, catalog::WindowLabel::kEnd);
  EXPECT_EQ(view.out_of_orderness, seconds(3));
  EXPECT_EQ(view.late, catalog::LatePolicy::kRecompute);
}

TEST(Stack, AViewHasOneOrSeveralAggregates) {
  const auto aggregates = [](const std::string& line) {
    const auto stack = ParseStack(
        "[[view]]\nname = \"v\"\ndatabase = \"d\"\ntable = \"t\"\nwindow = \"1m\"\n" + line,
        "s.toml");
    if (stack.ok()) return stack->views.at(0).aggregates;
    return std::vector{stack.error().message};
  };
  EXPECT_THAT(aggregates(""), ElementsAre("avg"));
  EXPECT_THAT(aggregates("aggregate = \"p95\"\n"), ElementsAre("p95"));
  EXPECT_THAT(aggregates("aggregates = [\"avg\", \"p95\"]\n"), ElementsAre("avg", "p95"));
  EXPECT_THAT(aggregates("aggregate = \"avg\"\naggregates = [\"max\"]\n"),
              ElementsAre(HasSubstr("s.toml:7: a view has \"aggregate\" or \"aggregates\"")));
}

TEST(Stack, WindowsMayStartOffTheGrid) {
  const auto stack = ParseStack(
      "[[view]]\nname = \"v\"\ndatabase = \"d\"\ntable = \"t\"\nwindow = \"1d\"\noffset = \"6h\"\n",
      "s.toml");
  ASSERT_TRUE(stack.ok()) << stack.error().message;
  EXPECT_EQ(stack->views.at(0).offset, hours(6));
  EXPECT_THAT(stack->views.at(0).definition, HasSubstr("\"offset\":\"6h\""));
}

TEST(Stack, AnUnknownKeyNamesLineAndNearest) {
  EXPECT_EQ(ErrorOf("[[stream]]\nname = \"s\"\nshard = 4\n"),
            "s.toml:3: unknown key \"shard\" in [[stream]]: did you mean \"shards\"?");
}

TEST(Stack, TablesOfLaterIssuesAreUnknown) {
  EXPECT_THAT(ErrorOf("[[key]]\nname = \"d\"\n"), HasSubstr("unknown key \"key\""));
}

TEST(Stack, DashboardsNameAFile) {
  const auto stack = ParseStack(
      "[[dashboard]]\nname = \"ec2\"\ntitle = \"EC2\"\nfile = \"dashboards/ec2.json\"\n", "s.toml");
  ASSERT_TRUE(stack.ok()) << stack.error().message;
  EXPECT_EQ(stack->dashboards.at(0).name, "ec2");
  EXPECT_EQ(stack->dashboards.at(0).title, "EC2");
  EXPECT_EQ(stack->dashboards.at(0).file, "dashboards/ec2.json");
  EXPECT_EQ(stack->dashboards.at(0).where, "s.toml:1");
  EXPECT_THAT(ErrorOf("[[dashboard]]\nname = \"d\"\n"),
              HasSubstr("s.toml:1: [[dashboard]] needs the key \"file\""));
}

TEST(Stack, FilesAreReadBesideTheStack) {
  const std::string folder = ::testing::TempDir() + "stack_files";
  std::filesystem::create_directories(folder + "/dashboards");
  std::ofstream(folder + "/dashboards/a.json") << "{}";
  const auto with = [](const std::string& file) {
    return ParseStack("\n[[dashboard]]\nname = \"a\"\nfile = \"" + file + "\"\n", "s.toml").value();
  };
  EXPECT_EQ(ReadStackFiles(with("dashboards/a.json"), folder + "/s.toml").value(),
            (StackFiles{{"dashboards/a.json", "{}"}}));
  EXPECT_EQ(ReadStackFiles(with("b.json"), folder + "/s.toml").error().message,
            "s.toml:2: cannot read " + folder + "/b.json");
}

TEST(Stack, MistakesNameTheirLine) {
  EXPECT_THAT(ErrorOf("[[stream]]\nshards = 2\n"),
              HasSubstr("s.toml:1: [[stream]] needs the key \"name\""));
  EXPECT_EQ(ErrorOf("[[stream]]\nname = \"\"\n"), "s.toml:2: key \"name\" must not be empty");
  EXPECT_THAT(ErrorOf("[[stream]]\nname = \"s\"\nretention = \"1m\"\n"), HasSubstr("s.toml:3:"));
  EXPECT_THAT(ErrorOf("[[stream]]\nname = \"s\"\nretention = \"25h30m\"\n"),
              HasSubstr("whole number"));
  EXPECT_THAT(ErrorOf("[[stream]]\nname = \"a b\"\n"), HasSubstr("\"a b\" is not a name"));
  EXPECT_THAT(ErrorOf("[[stream]]\nname = 3\n"),
              HasSubstr("s.toml:2: key \"name\" must be a string"));
  EXPECT_THAT(ErrorOf("[[stream]\n"), HasSubstr("s.toml:1:"));
  EXPECT_THAT(ErrorOf("[[stream]]\nname=\"a\"\n[[stream]]\nname=\"a\"\n"),
              HasSubstr("is there twice"));
  EXPECT_THAT(
      ErrorOf("[[view]]\nname=\"v\"\ndatabase=\"d\"\ntable=\"t\"\nwindow=\"5m\"\nlate=\"drop\"\n"),
      HasSubstr("s.toml:6: key \"late\" must be one of \"recompute\", \"freeze\", not \"drop\""));
}

TEST(Stack, NumbersAreFinite) {
  for (const std::string_view line :
       {"every = \"10s\"\nfill = \"constant\"\nfill_value = nan",
        "window = \"1m\"\nbuckets = [1, inf]", "window = \"1m\"\nfilter = {value_min = -inf}"}) {
    EXPECT_THAT(ErrorOf("[[view]]\nname = \"v\"\ndatabase = \"db1\"\ntable = \"t\"\n" +
                        std::string(line) + "\n"),
                HasSubstr("finite number"))
        << line;
  }
}

TEST(Stack, EqualDefinitionsHaveEqualTexts) {
  const std::string base = "[[view]]\nname=\"v\"\ndatabase=\"d\"\ntable=\"t\"\n";
  const auto a = ParseStack(base + "window=\"5m\"\n", "a").value();
  const auto b =
      ParseStack(base + "window=\"300s\"\nlate=\"recompute\"\nadopt=true\n", "b").value();
  const auto c = ParseStack(base + "window=\"6m\"\n", "c").value();
  EXPECT_EQ(a.views[0].definition, b.views[0].definition);
  EXPECT_NE(a.views[0].definition, c.views[0].definition);
}

TEST(Stack, DefinitionsAreWrittenAsAStackThatMakesThemAgain) {
  std::ifstream in(TM_SOURCE_DIR "/examples/ec2/stack.toml");
  std::ostringstream text;
  text << in.rdbuf();
  const std::string others =
      "[[view]]\nname = \"v\"\ndatabase = \"d\"\ntable = \"t\"\nwindow = \"1d\"\noffset = \"6h\"\n"
      "aggregates = [\"p99.9\", \"max\"]\nmeasures = [\"a*\"]\nlate = \"freeze\"\nearly = "
      "\"250ms\"\n"
      "[[pipeline]]\nname = \"p\"\nstream = \"s\"\ndatabase = \"d\"\ntable = \"t\"\nstart = "
      "\"latest\"\n"
      "measure_name = \"m \\\"q\\\"\"\nmeasure_value = \"v\"\ntime = \"t\"\ndimensions = [\"x\", "
      "\"y\"]\n";
  for (const std::string& source : {text.str(), others}) {
    const auto stack = ParseStack(source, "s.toml").value();
    for (const auto& def : stack.views) {
      const auto again = ParseStack(StackText(def), "again.toml");
      ASSERT_TRUE(again.ok()) << again.error().message << StackText(def);
      EXPECT_EQ(again->views.at(0), def);
    }
    for (const auto& def : stack.pipelines) {
      const auto again = ParseStack(StackText(def), "again.toml");
      ASSERT_TRUE(again.ok()) << again.error().message << StackText(def);
      EXPECT_EQ(again->pipelines.at(0), def);
    }
  }
}

/// One view of each kind, with every key that goes with it.
const std::vector<std::string> kKinds{
    "window = \"5m\"\nslide = \"1m\"\noffset = \"30s\"\nrows = \"multi\"\nsource = \"other\"\n"
    "aggregates = [\"avg\", \"histogram\"]\nbuckets = [0, 50.5, 90]\n",
    "session_gap = \"5m\"\nmax_session = \"12h\"\ngroup_by = [\"region\", \"tier\"]\n"
    "label_map = {name = \"tier\", from = \"type\", map = {\"m5*\" = \"general\", \"c?\" = "
    "\"x\"}}\n",
    "calendar = \"week\"\nzone = \"Europe/Berlin\"\nweek_start = \"sunday\"\ngroup_by = []\n",
    "every = \"10s\"\nfill = \"constant\"\nfill_value = 0.5\nmax_gap = \"1m\"\noffset = \"3s\"\n",
    "levels = [\"1m\", \"1h\", \"1d\"]\noutput = \"{aggregate}_{window}_{measure}\"\n"
    "filter = {region = [\"us-east-1\"], type = \"m5*\", value_min = 0.0, value_max = 100}\n"
    "staleness = \"5m\"\nhorizon = \"6m\"\nrecompute_per_second = 5\nrefresh = \"1s\"\n"
    "late_stream = \"v-late\"\n",
    "window = \"5m\"\ncolumns = [\"cpu_*\", \"mem\"]\nrows = \"multi\"\n"};

TEST(Stack, EveryKindOfWindowIsReadAndWritten) {
  for (const std::string& kind : kKinds) {
    const auto stack =
        ParseStack("[[view]]\nname = \"v\"\ndatabase = \"d\"\ntable = \"t\"\n" + kind, "s.toml");
    ASSERT_TRUE(stack.ok()) << stack.error().message << kind;
    const auto& def = stack->views.at(0);
    const auto again = ParseStack(StackText(def), "again.toml");
    ASSERT_TRUE(again.ok()) << again.error().message << StackText(def);
    EXPECT_EQ(again->views.at(0), def) << StackText(def);
    // Every line of it made a difference.
    std::istringstream lines(kind);
    for (std::string line; std::getline(lines, line);) {
      const std::string key = line.substr(0, line.find(' '));
      EXPECT_THAT(StackText(def), HasSubstr("\n" + key + " = "));
    }
  }
}

TEST(Stack, AViewHasOneKindOfWindow) {
  const auto error = [](const std::string& lines) {
    return ErrorOf("[[view]]\nname = \"v\"\ndatabase = \"d\"\ntable = \"t\"\n" + lines);
  };
  EXPECT_THAT(error(""), HasSubstr("[[view]] needs the key \"window\""));
  EXPECT_EQ(error("window = \"5m\"\ncalendar = \"day\"\n"),
            "s.toml:6: a view has one kind of window: \"window\" or \"calendar\", not both");
  EXPECT_EQ(error("calendar = \"day\"\nslide = \"1m\"\n"),
            "s.toml:6: key \"slide\" goes with \"window\", which this view does not have");
  EXPECT_THAT(error("window = \"5m\"\nzone = \"UTC\"\n"), HasSubstr("goes with \"calendar\""));
  EXPECT_THAT(error("session_gap = \"5m\"\noffset = \"1m\"\n"), HasSubstr("have no offset"));
  EXPECT_THAT(error("levels = [\"1h\", \"1m\"]\n"), HasSubstr("ascending"));
  EXPECT_THAT(error("levels = [\"1x\"]\n"), HasSubstr("\"1x\" is no duration"));
  EXPECT_THAT(error("every = \"1s\"\naggregate = \"avg\"\n"), HasSubstr("has no aggregates"));
}

TEST(Stack, MistakesInsideATableNameTheirLine) {
  const auto error = [](const std::string& line) {
    return ErrorOf("[[view]]\nname = \"v\"\ndatabase = \"d\"\ntable = \"t\"\nwindow = \"1m\"\n" +
                   line);
  };
  EXPECT_EQ(error("filter = {value_min = 3, value_max = 2}\n"),
            "s.toml:6: key \"filter\": value_max is below value_min: nothing would pass");
  EXPECT_EQ(error("filter = {region = 3}\n"),
            "s.toml:6: key \"region\" must be a string or a list of strings");
  EXPECT_EQ(error("label_map = {name = \"a\", form = \"b\"}\n"),
            "s.toml:6: [label_map] needs the key \"from\"");
}

TEST(Stack, APipelinesRulesAreReadAndWrittenAgain) {
  const std::string head =
      "[[pipeline]]\nname = \"p\"\nstream = \"s\"\ndatabase = \"d\"\ntable = \"t\"\n"
      "measure_name = \"m\"\nmeasure_value = \"v\"\ntime = \"t\"\n";
  const auto plain = ParseStack(head, "s.toml");
  ASSERT_TRUE(plain.ok()) << plain.error().message;
  EXPECT_EQ(plain->pipelines.at(0).breaker, 0.05);
  EXPECT_EQ(plain->pipelines.at(0).definition.find("breaker"), std::string::npos)
      << "old catalogs hold equal texts";
  const auto stack = ParseStack(
      head +
          "filter = {region = [\"a\", \"b\"], host = \"m5*\", value_min = 0, value_max = 10.5}\n"
          "rename = {old = \"new\"}\nset = {site = \"plant-{line}\"}\nscale = {temp = 0.1}\n"
          "punctuation = \"Watermark\"\nbreaker = 0.5\n",
      "s.toml");
  ASSERT_TRUE(stack.ok()) << stack.error().message;
  const catalog::PipelineDef& def = stack->pipelines.at(0);
  ASSERT_EQ(def.rules.filter.texts.size(), 2U);
  EXPECT_EQ(def.rules.filter.texts[0].name, "host");
  EXPECT_TRUE(def.rules.filter.texts[0].glob);
  EXPECT_THAT(def.rules.filter.texts[1].values, ElementsAre("a", "b"));
  EXPECT_EQ(def.rules.filter.value_max, 10.5);
  EXPECT_THAT(def.rules.rename, ElementsAre(std::pair<std::string, std::string>("old", "new")));
  EXPECT_THAT(def.rules.set,
              ElementsAre(std::pair<std::string, std::string>("site", "plant-{line}")));
  EXPECT_THAT(def.rules.scale, ElementsAre(std::pair<std::string, double>("temp", 0.1)));
  EXPECT_EQ(def.mapping.punctuation, "Watermark");
  EXPECT_EQ(def.breaker, 0.5);
  const auto again = ParseStack(StackText(def), "s.toml");
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->pipelines.at(0), def);
  EXPECT_EQ(ErrorOf(head + "breaker = 2\n"),
            "s.toml:9: key \"breaker\" must be a share between 0 and 1 (1: never)");
  EXPECT_THAT(ErrorOf(head + "scale = {temp = \"x\"}\n"), HasSubstr("s.toml:9:"));
  EXPECT_THAT(ErrorOf(head + "renames = {a = \"b\"}\n"), HasSubstr("unknown key \"renames\""));
}

TEST(Config, DefaultsAndKeys) {
  const auto config =
      ParseConfig("memory_max = \"256MiB\"\n[sql]\npushdown = false\nthreads = 1\n", "c.toml")
          .value();
  EXPECT_EQ(config.memory_max, 256U << 20U);
  EXPECT_FALSE(config.sql_pushdown);
  EXPECT_EQ(config.sql_threads, 1);
  EXPECT_EQ(config.listen, "127.0.0.1:4580");
}

TEST(Config, UnknownKeysAndBadUnitsNameTheirLine) {
  EXPECT_EQ(ParseConfig("[sql]\npushdwn = false\n", "c.toml").error().message,
            "c.toml:2: unknown key \"pushdwn\" in [sql]: did you mean \"pushdown\"?");
  EXPECT_THAT(ParseConfig("memory_max = 256\n", "c.toml").error().message,
              HasSubstr("c.toml:1: key \"memory_max\" must be a size with unit"));
  EXPECT_THAT(ParseConfig("[sql]\ntimeout = \"5 parsecs\"\n", "c.toml").error().message,
              HasSubstr("c.toml:2:"));
}

TEST(ListenAddress, OnlyLoopbackIsAllowed) {
  EXPECT_EQ(ParseListenAddress("127.0.0.1:0")->port, 0);
  EXPECT_EQ(ParseListenAddress("[::1]:80")->host, "::1");
  EXPECT_TRUE(ParseListenAddress("localhost:4580").ok());
  EXPECT_THAT(ParseListenAddress("0.0.0.0:4580").error().message, HasSubstr("loopback"));
  EXPECT_FALSE(ParseListenAddress("127.evil.example:1").ok());
  EXPECT_FALSE(ParseListenAddress("127.0.0.1").ok());
  EXPECT_FALSE(ParseListenAddress("127.0.0.1:70000").ok());
}

TEST(NearestName, FarNamesAreNotOffered) {
  EXPECT_EQ(NearestName("windw", {"window", "label"}), "window");
  EXPECT_EQ(NearestName("zzzzzz", {"window", "label"}), "");
}

}  // namespace
}  // namespace tidemark::app
