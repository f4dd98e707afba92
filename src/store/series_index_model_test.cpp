// SPDX-License-Identifier: Apache-2.0
// Random series, drops, adoptions and selections against a list that is searched from end to end.
#include <algorithm>
#include <map>
#include <random>
#include <regex>

#include <gtest/gtest.h>

#include "base/testing/seed.h"
#include "store/series_index.h"

namespace tidemark::store {
namespace {

using Op = TextPredicate::Op;

constexpr TableId kTables[] = {{1}, {2}};
constexpr ViewId kView{5};

struct ModelSeries {
  uint32_t id = 0;
  TableId table;
  std::string measure;
  std::map<std::string, std::string> dimensions;
  Owner owner;
  uint64_t lsn = 0;
};

// Texts over few letters, so that conditions often hold; no character is special anywhere.
class Model {
 public:
  explicit Model(uint64_t seed) : random_(seed) {
    for (int& weight : weights_) weight = Below(3) == 0 ? 0 : 1 + static_cast<int>(Below(20));
    weights_[0] += 5;
    values_ = 2 + Below(200);
    names_ = 1 + Below(6);
  }

  void Run() {
    Reserve();
    for (int step = 0; step < 1500; ++step) {
      switch (Pick()) {
        case 0:
          Add();
          break;
        case 1:
          Drop();
          break;
        case 2:
          Adopt();
          break;
        case 3:
          Reserve();
          break;
        default:
          Compare();
      }
      if (testing::Test::HasFatalFailure()) return;
    }
    for (int i = 0; i < 200; ++i) Compare();
    CompareNames();
  }

 private:
  size_t Below(size_t n) { return random_() % n; }
  size_t Pick() {
    int all = 0;
    for (const int weight : weights_) all += weight;
    auto at = static_cast<int>(Below(static_cast<size_t>(all)));
    for (size_t i = 0; i < weights_.size(); ++i) {
      if (at < weights_[i]) return i;
      at -= weights_[i];
    }
    return 0;
  }
  std::string Text() {
    std::string out;
    for (size_t n = Below(values_); n != 0; n /= 3) out += "abc"[n % 3];
    return out;
  }
  std::string Name() { return std::string(1, static_cast<char>('p' + Below(names_))); }

  void Add() {
    ModelSeries s;
    s.table = kTables[Below(2)];
    s.measure = "m" + std::to_string(Below(4));
    std::vector<DimensionView> views;
    for (size_t n = Below(names_ + 1); n > 0; --n) s.dimensions[Name()] = Text();
    for (const auto& [name, value] : s.dimensions) views.push_back({name, value});
    std::shuffle(views.begin(), views.end(), random_);
    if (Below(5) == 0) s.owner = {kView, static_cast<uint32_t>(1 + Below(2))};
    const SeriesKeyView key{s.table, s.measure, views, ValueType::kDouble, s.owner};
    const auto same = [&](const ModelSeries& o) {
      return o.table == s.table && o.measure == s.measure && o.dimensions == s.dimensions &&
             o.owner == s.owner;
    };
    const auto known = std::find_if(series_.begin(), series_.end(), same);
    ASSERT_EQ(index_.FindSeries(key), known == series_.end() ? 0 : known->id);
    if (known != series_.end()) return;
    SeriesEntry* entry = index_.AddSeries(key).value();
    s.id = entry->id;
    if (Below(8) != 0) {
      s.lsn = ++lsn_;
      index_.Define(*entry, s.lsn);
    }
    series_.push_back(std::move(s));
    // One that had no point yet may get one later, out of order.
    ModelSeries& late = series_[Below(series_.size())];
    if (late.lsn == 0) {
      late.lsn = ++lsn_;
      index_.Define(*directory_.Get({0, late.id}), late.lsn);
    }
  }

  void Drop() {
    if (series_.empty()) return;
    if (Below(100) == 0) {
      const TableId table = kTables[Below(2)];
      if (TableIndex* found = index_.Find(table)) index_.Drop(*found);
      std::erase_if(series_, [&](const ModelSeries& s) { return s.table == table; });
      return;
    }
    const size_t at = Below(series_.size());
    index_.Drop(*directory_.Get({0, series_[at].id}));
    series_.erase(series_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  void Adopt() {
    if (series_.empty()) return;
    ModelSeries& s = series_[Below(series_.size())];
    const Owner owner{kView, static_cast<uint32_t>(Below(3))};
    const Owner to = owner.generation == 0 ? Owner{} : owner;
    const bool taken = std::any_of(series_.begin(), series_.end(), [&](const ModelSeries& o) {
      return o.table == s.table && o.measure == s.measure && o.dimensions == s.dimensions &&
             o.owner == to;
    });
    ASSERT_EQ(index_.SetOwner(*directory_.Get({0, s.id}), to), !taken);
    if (!taken) s.owner = to;
  }

  void Reserve() {
    active_ = static_cast<uint32_t>(Below(3));
    std::vector<Reservation> reservations;
    if (active_ != 0) reservations.push_back({kTables[0], kView, "v", active_, "m1{measure}"});
    index_.SetReservations(std::move(reservations));
  }

  TextPredicate Predicate() {
    static constexpr Op kOps[] = {Op::kIn,    Op::kNotIn,     Op::kLike,    Op::kNotLike,
                                  Op::kLess,  Op::kLessEqual, Op::kGreater, Op::kGreaterEqual,
                                  Op::kRegex, Op::kNotRegex};
    TextPredicate p;
    p.op = kOps[Below(std::size(kOps))];
    switch (p.op) {
      case Op::kIn:
      case Op::kNotIn:
        for (size_t n = Below(5); n > 0; --n) p.values.push_back(Below(8) == 0 ? "m1" : Text());
        break;
      case Op::kLike:
      case Op::kNotLike: {
        std::string pattern;
        for (size_t n = Below(4); n > 0; --n) pattern += "%_abc"[Below(5)];
        p.values = {pattern};
        break;
      }
      case Op::kRegex:
      case Op::kNotRegex: {
        static constexpr const char* kPatterns[] = {"a",      "^a",     "b$", "^(a|b)+$", "a.c",
                                                    "^m[12]", "(a)b?a", "^$", "[bc]{2}"};
        p.values = {kPatterns[Below(std::size(kPatterns))]};
        break;
      }
      default:
        p.values = {Text()};
    }
    return p;
  }

  // By other means than the index: a LIKE pattern as a regular expression of the library.
  static bool Holds(const TextPredicate& p, const std::string& text) {
    const std::string& value = p.values.empty() ? text : p.values.front();
    const bool in = std::find(p.values.begin(), p.values.end(), text) != p.values.end();
    std::string like;
    for (const char c : value) like += c == '%' ? ".*" : c == '_' ? "." : std::string(1, c);
    switch (p.op) {
      case Op::kIn:
        return in;
      case Op::kNotIn:
        return !in;
      case Op::kLike:
        return std::regex_match(text, std::regex(like));
      case Op::kNotLike:
        return !std::regex_match(text, std::regex(like));
      case Op::kRegex:
        return std::regex_search(text, std::regex(value));
      case Op::kNotRegex:
        return !std::regex_search(text, std::regex(value));
      case Op::kLess:
        return text < value;
      case Op::kLessEqual:
        return text <= value;
      case Op::kGreater:
        return text > value;
      case Op::kGreaterEqual:
        return text >= value;
    }
    return false;
  }

  bool Shown(const ModelSeries& s, const Selection& selection, uint64_t lsn) const {
    if (s.table != selection.table || s.lsn == 0 || s.lsn > lsn) return false;
    switch (selection.owners.kind) {
      case OwnerFilter::Kind::kOwnerless:
        if (!s.owner.none()) return false;
        break;
      case OwnerFilter::Kind::kView:
        if (s.owner != selection.owners.view) return false;
        break;
      case OwnerFilter::Kind::kVisible:
        if (!s.owner.none() && (active_ == 0 || s.owner.generation != active_)) return false;
    }
    for (const TextPredicate& p : selection.measure) {
      if (!Holds(p, s.measure)) return false;
    }
    for (const DimensionPredicate& p : selection.dimensions) {
      const auto it = s.dimensions.find(p.dimension);
      if (it == s.dimensions.end() || !Holds(p.predicate, it->second)) return false;
    }
    if (!selection.series) return true;
    return std::find(selection.series->begin(), selection.series->end(), SeriesRef{0, s.id}) !=
           selection.series->end();
  }

  void Compare() {
    Selection selection;
    selection.table = kTables[Below(2)];
    for (size_t n = Below(3); n > 1; --n) selection.measure.push_back(Predicate());
    for (size_t n = Below(4); n > 0; --n) {
      const std::string name = Below(20) == 0 ? "none" : Name();
      selection.dimensions.push_back({name, Predicate()});
    }
    selection.owners.kind = static_cast<OwnerFilter::Kind>(Below(3));
    selection.owners.view = {kView, static_cast<uint32_t>(1 + Below(2))};
    if (Below(6) == 0) {
      selection.series.emplace();
      for (size_t n = Below(20); n > 0; --n)
        selection.series->push_back({Below(30) == 0 ? 1U : 0U, Below(directory_.end() + 2)});
    }
    const uint64_t lsn = Below(2) == 0 ? lsn_ : Below(lsn_ + 1);
    std::vector<uint32_t> expected;
    for (const ModelSeries& s : series_) {
      if (Shown(s, selection, lsn)) expected.push_back(s.id);
    }
    std::sort(expected.begin(), expected.end());
    const auto found = index_.SelectIds(selection, lsn);
    ASSERT_TRUE(found.ok()) << found.error().message;
    ASSERT_EQ(found.value(), expected);
  }

  void CompareNames() {
    ASSERT_EQ(index_.series_count(),
              static_cast<size_t>(std::count_if(series_.begin(), series_.end(),
                                                [](const auto& s) { return s.lsn != 0; })));
    for (const ModelSeries& s : series_) {
      const auto info = index_.Info(s.id);
      ASSERT_NE(info, nullptr);
      ASSERT_EQ(info->measure, s.measure);
      ASSERT_EQ(info->owner, s.owner);
      std::map<std::string, std::string> dimensions;
      for (const Dimension& d : info->dimensions) dimensions[d.name] = d.value;
      ASSERT_EQ(dimensions, s.dimensions);
    }
  }

  std::mt19937_64 random_;
  std::array<int, 5> weights_{};
  size_t values_ = 0;
  size_t names_ = 0;
  SeriesDirectory directory_;
  SeriesIndex index_{directory_};
  std::vector<ModelSeries> series_;
  uint32_t active_ = 0;
  uint64_t lsn_ = 0;
};

TEST(SeriesIndexModel, SelectsWhatAFullSearchDoes) {
  const uint64_t first = TestSeed();
  for (uint64_t seed = first; seed < first + 12; ++seed) {
    SCOPED_TRACE(SeedTrace(seed));
    Model(seed).Run();
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace tidemark::store
