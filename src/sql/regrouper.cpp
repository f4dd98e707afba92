// SPDX-License-Identifier: Apache-2.0
#include "sql/regrouper.h"

#include <algorithm>

#include "store/text_predicate.h"

namespace tidemark::sql {
namespace {

using Key = std::optional<std::string>;

// With their nodes in hash tables.
constexpr uint64_t kRowBytes = sizeof(store::AggregateRow) + 64;
constexpr uint64_t kSeenBytes = 48;

struct Condition {
  size_t key = 0;  // of a finer group
  store::TextMatcher matcher;
};

}  // namespace

struct Regrouper::Slot {
  size_t aggregate = 0;
  agg::Spec spec;
  std::vector<Condition> conditions;
  std::optional<size_t> distinct;  // the key whose values are counted
  std::unordered_map<std::string, uint32_t> numbers;
  std::unordered_set<Place, PlaceHash> seen;  // (number, row)
};

Regrouper::Regrouper(const plan::TableAggregate& aggregate) : aggregate_(aggregate) {}
Regrouper::~Regrouper() = default;

Result<std::unique_ptr<Regrouper>> Regrouper::Make(const plan::TableAggregate& aggregate) {
  std::unique_ptr<Regrouper> out(new Regrouper(aggregate));
  const store::AggregateRequest& request = aggregate.request;
  out->readers_.resize(request.aggregates.size());
  const auto key_of = [&request](const std::string& dimension) {
    return static_cast<size_t>(std::ranges::find(request.group_by, dimension) -
                               request.group_by.begin());
  };
  for (const plan::AggregateSlot& wanted : aggregate.regrouping->slots) {
    Slot& slot = out->slots_.emplace_back();
    const store::AggregateColumn& column = request.aggregates[wanted.aggregate];
    slot.aggregate = wanted.aggregate;
    slot.spec = {column.kind, column.type};
    if (wanted.distinct) {
      slot.distinct = wanted.of.empty() ? request.group_by.size() : key_of(wanted.of);
    } else {
      ++out->readers_[wanted.aggregate];
    }
    for (const store::TextPredicate& predicate : wanted.measure) {
      TM_ASSIGN_OR_RETURN(store::TextMatcher matcher, store::TextMatcher::Compile(predicate));
      slot.conditions.push_back({request.group_by.size(), std::move(matcher)});
    }
    for (const store::DimensionPredicate& dimension : wanted.dimensions) {
      TM_ASSIGN_OR_RETURN(store::TextMatcher matcher,
                          store::TextMatcher::Compile(dimension.predicate));
      slot.conditions.push_back({key_of(dimension.dimension), std::move(matcher)});
    }
  }
  return out;
}

Result<void> Regrouper::Enter(const std::vector<Key>& keys) {
  Finer finer{.keys = keys};
  const plan::Regrouping& regrouping = *aggregate_.regrouping;
  std::string code;
  const auto add = [&code](const Key& key) {
    code += key ? std::to_string(key->size()) + ':' + *key : "-";
  };
  for (size_t i = 0; i < regrouping.keys; ++i) add(keys[i]);
  if (regrouping.measure) add(keys.back());
  finer.group = groups_.try_emplace(code, static_cast<uint32_t>(groups_.size())).first->second;
  for (Slot& slot : slots_) {
    bool taken = !slot.distinct || keys[*slot.distinct].has_value();
    for (const Condition& condition : slot.conditions) {
      const Key& key = keys[condition.key];
      if (!taken || !key) {
        taken = false;
        break;
      }
      TM_ASSIGN_OR_RETURN(taken, condition.matcher.Matches(*key));
    }
    finer.taken.push_back(taken);
    uint32_t number = 0;
    if (taken && slot.distinct) {
      const auto next = static_cast<uint32_t>(slot.numbers.size());
      number = slot.numbers.try_emplace(*keys[*slot.distinct], next).first->second;
    }
    finer.numbers.push_back(number);
  }
  finer_ = std::move(finer);
  return {};
}

size_t Regrouper::RowOf(EventTime bin) {
  const auto [it, made] = places_.try_emplace({finer_->group, bin.ns}, rows_.size());
  if (!made) return it->second;
  store::AggregateRow& row = rows_.emplace_back();
  row.bin = bin;
  const plan::Regrouping& regrouping = *aggregate_.regrouping;
  const auto keys_end = finer_->keys.begin() + static_cast<std::ptrdiff_t>(regrouping.keys);
  row.keys.assign(finer_->keys.begin(), keys_end);
  if (regrouping.measure) row.keys.push_back(finer_->keys.back());
  row.states.reserve(slots_.size());
  for (const Slot& slot : slots_) row.states.emplace_back(slot.spec);
  heap_bytes_ += kRowBytes + row.keys.size() * sizeof(Key) + slots_.size() * sizeof(agg::State);
  return it->second;
}

Result<void> Regrouper::Add(std::vector<store::AggregateRow>& rows) {
  for (store::AggregateRow& row : rows) {
    if (!finer_ || finer_->keys != row.keys) TM_RETURN_IF_ERROR(Enter(row.keys));
    const size_t at = RowOf(row.bin);
    store::AggregateRow& to = rows_[at];
    to.points += row.points;
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (!finer_->taken[i]) continue;
      Slot& slot = slots_[i];
      agg::State& state = to.states[i];
      const bool large = slot.spec.kind == agg::Kind::kPercentiles;
      const uint64_t before = large ? state.heap_bytes() : 0;
      if (slot.distinct) {
        if (slot.seen.insert({finer_->numbers[i], static_cast<int64_t>(at)}).second) {
          state.AddCount(1);
          heap_bytes_ += kSeenBytes;
        }
      } else if (state.empty() && readers_[slot.aggregate] == 1) {
        state = std::move(row.states[slot.aggregate]);
      } else {
        state.Merge(row.states[slot.aggregate]);
      }
      if (large) heap_bytes_ += state.heap_bytes() - before;
    }
  }
  return {};
}

void Regrouper::Take(size_t rows_max, std::vector<store::AggregateRow>& out) {
  out.clear();
  const size_t count = std::min(rows_max, rows_.size() - taken_);
  for (size_t i = 0; i < count; ++i) out.push_back(std::move(rows_[taken_++]));
}

}  // namespace tidemark::sql
