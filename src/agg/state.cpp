// SPDX-License-Identifier: Apache-2.0
#include "agg/state.h"

#include <array>
#include <bit>
#include <limits>
#include <type_traits>

#include "agg/distinct_sketch.h"
#include "agg/extremes_internal.h"
#include "agg/moments.h"
#include "agg/percentiles.h"
#include "agg/series_fold.h"
#include "agg/state_internal.h"
#include "base/check.h"

namespace tidemark::agg {
namespace {

constexpr std::array<std::string_view, 15> kKindNames{
    "",        "count",       "sum",      "avg",      "min",   "max", "first",    "last",
    "moments", "percentiles", "distinct", "increase", "delta", "twa", "histogram"};

bool IsNumeric(Type type) { return type == Type::kDouble || type == Type::kBigint; }

std::string_view TypeName(Type type) {
  switch (type) {
    case Type::kDouble:
      return "DOUBLE";
    case Type::kBigint:
      return "BIGINT";
    case Type::kVarchar:
      return "VARCHAR";
    case Type::kBoolean:
      return "BOOLEAN";
    case Type::kTimestamp:
      return "TIMESTAMP";
  }
  return "unknown type";
}

/// How a value lies in the payload of min and max.
double Stored(double value) { return value; }
int64_t Stored(int64_t value) { return value; }
int64_t Stored(EventTime value) { return value.ns; }
int64_t Stored(bool value) { return value ? 1 : 0; }
std::string_view Stored(std::string_view value) { return value; }

Scalar ToScalar(double value) { return CanonicalNan(value); }
Scalar ToScalar(int64_t value) { return value; }
Scalar ToScalar(EventTime value) { return value; }
Scalar ToScalar(bool value) { return value; }
Scalar ToScalar(std::string_view value) { return std::string(value); }

template <typename T>
bool Fits(Type type) {
  if constexpr (std::is_same_v<T, double>) return type == Type::kDouble;
  if constexpr (std::is_same_v<T, int64_t>) return type == Type::kBigint;
  if constexpr (std::is_same_v<T, std::string_view>) return type == Type::kVarchar;
  if constexpr (std::is_same_v<T, bool>) return type == Type::kBoolean;
  return type == Type::kTimestamp;
}

bool ScalarPrecedes(const Scalar& a, const Scalar& b) {
  const double* x = std::get_if<double>(&a);
  const double* y = std::get_if<double>(&b);
  return x != nullptr && y != nullptr ? Precedes(*x, *y) : a < b;
}

}  // namespace

std::string_view KindName(Kind kind) {
  const auto index = static_cast<size_t>(kind);
  return index < kKindNames.size() ? kKindNames[index] : std::string_view{};
}

std::optional<Kind> KindFromName(std::string_view name) {
  for (size_t i = 1; i <= static_cast<size_t>(Kind::kLast); ++i) {
    if (kKindNames[i] == name) return static_cast<Kind>(i);
  }
  return std::nullopt;
}

Result<void> CheckSpec(const Spec& spec) {
  const std::string_view kind = KindName(spec.kind);
  const bool known_type = spec.input >= Type::kDouble && spec.input <= Type::kTimestamp;
  const bool arithmetic = spec.kind == Kind::kSum || spec.kind == Kind::kAvg ||
                          spec.kind == Kind::kMoments || spec.kind == Kind::kPercentiles ||
                          spec.kind >= Kind::kIncrease;
  if (spec.kind == Kind::kHistogram && spec.bounds == nullptr) {
    return Error{Code::kInvalidArgument, "a histogram needs bounds"};
  }
  if (!kind.empty() && known_type && (!arithmetic || IsNumeric(spec.input))) return {};
  std::string name(kind.empty() ? "unknown aggregate" : kind);
  return Error{Code::kInvalidArgument, name + " of " + std::string(TypeName(spec.input)) +
                                           " does not exist" +
                                           (arithmetic ? "; it needs DOUBLE or BIGINT" : "")};
}

Type ResultType(const Spec& spec) {
  const Kind kind = spec.kind;
  if (kind == Kind::kCount || kind == Kind::kDistinct || kind == Kind::kHistogram) {
    return Type::kBigint;
  }
  const bool real = kind == Kind::kAvg || kind == Kind::kMoments || kind == Kind::kTimeWeighted;
  return real ? Type::kDouble : spec.input;
}

State::State(const Spec& spec)
    : kind_(spec.kind), input_(spec.input), payload_(EmptyPayload(spec)) {
  TM_DCHECK(CheckSpec(spec).ok());
}
State::State(const State& other)
    : kind_(other.kind_),
      input_(other.input_),
      count_(other.count_),
      payload_(CopyPayload(other.payload_)) {}
State::State(State&&) noexcept = default;
State& State::operator=(const State& other) {
  if (this != &other) *this = State(other);
  return *this;
}
State& State::operator=(State&&) noexcept = default;
State::~State() = default;

Spec State::spec() const {
  Spec out{kind_, input_};
  if (const auto* histogram = std::get_if<std::unique_ptr<Histogram>>(&payload_)) {
    out.bounds = (*histogram)->bounds();
  }
  return out;
}

State::Payload State::EmptyPayload(const Spec& spec) {
  switch (spec.kind) {
    case Kind::kCount:
      return {};
    case Kind::kSum:
    case Kind::kAvg:
      if (spec.input == Type::kDouble) return ExactSum{};
      return IntegerSum{};
    case Kind::kMin:
    case Kind::kMax:
      if (spec.input == Type::kDouble) return 0.0;
      if (spec.input == Type::kVarchar) return std::string{};
      return int64_t{0};
    case Kind::kFirst:
    case Kind::kLast:
      return std::unique_ptr<Edge>{};
    case Kind::kMoments:
      return std::unique_ptr<Moments<2>>{};
    case Kind::kPercentiles:
      return std::unique_ptr<Percentiles>{};
    case Kind::kDistinct:
      return std::unique_ptr<DistinctSketch>{};
    case Kind::kIncrease:
    case Kind::kDelta:
    case Kind::kTimeWeighted:
      if (spec.input == Type::kDouble) return std::unique_ptr<SeriesFold<double>>{};
      return std::unique_ptr<SeriesFold<int64_t>>{};
    case Kind::kHistogram:
      return std::make_unique<Histogram>(spec.bounds);
  }
  return {};
}

State::Payload State::CopyPayload(const Payload& payload) {
  return std::visit(
      [](const auto& value) -> Payload {
        if constexpr (requires { *value; }) {
          using Boxed = std::decay_t<decltype(*value)>;
          return value == nullptr ? nullptr : std::make_unique<Boxed>(*value);
        } else {
          return value;
        }
      },
      payload);
}

void State::Reset() {
  count_ = 0;
  if (auto* sum = std::get_if<ExactSum>(&payload_)) return sum->Reset();
  if (auto* text = std::get_if<std::string>(&payload_)) return text->clear();
  if (auto* edge = std::get_if<std::unique_ptr<Edge>>(&payload_)) return edge->reset();
  if (auto* sum = std::get_if<IntegerSum>(&payload_)) *sum = {};
  if (auto* histogram = std::get_if<std::unique_ptr<Histogram>>(&payload_)) {
    return (*histogram)->Reset();
  }
  if (kind_ >= Kind::kMoments) payload_ = EmptyPayload({kind_, input_});  // null pointers
}

/// The state behind the payload, made when the first input needs it.
template <typename Boxed>
Boxed* State::SketchOf() {
  auto* pointer = std::get_if<std::unique_ptr<Boxed>>(&payload_);
  if (pointer == nullptr) return nullptr;
  if (*pointer == nullptr) *pointer = std::make_unique<Boxed>();
  return pointer->get();
}

template <typename T>
void State::AddToSketch(std::span<const T> values) {
  if (auto* distinct = SketchOf<DistinctSketch>()) {
    for (const T& value : values) distinct->Add(DistinctHash(value));
  }
  if constexpr (std::is_same_v<T, double> || std::is_same_v<T, int64_t>) {
    if (auto* percentiles = SketchOf<Percentiles>()) {
      for (const T value : values) percentiles->Add(OrderedBits(value));
    }
    if (auto* moments = SketchOf<Moments<2>>()) {
      if constexpr (std::is_same_v<T, double>) {
        moments->Add(values);
      } else {
        for (const T value : values) {
          const auto real = static_cast<double>(value);
          moments->Add({&real, 1});
        }
      }
    }
  }
}

template <typename T>
void State::AddToFold(const Run& run, std::span<const T> values) {
  TM_DCHECK(run.times.size() == values.size());
  auto& fold = std::get<std::unique_ptr<SeriesFold<T>>>(payload_);
  if (fold == nullptr) fold = std::make_unique<SeriesFold<T>>(FoldOf<T>(kind_));
  fold->Add(run.series_key, run.times, values);
}

template <typename T>
void State::MergeFold(const SeriesFold<T>& other) {
  auto& fold = std::get<std::unique_ptr<SeriesFold<T>>>(payload_);
  if (fold == nullptr) {
    fold = std::make_unique<SeriesFold<T>>(other);
  } else {
    fold->Merge(other);
  }
}

void State::AddCarry(EventTime time, std::string_view series_key, double value) {
  auto* fold = std::get_if<std::unique_ptr<SeriesFold<double>>>(&payload_);
  if (fold != nullptr && *fold != nullptr) (*fold)->AddCarry(series_key, {time, value});
}
void State::AddCarry(EventTime time, std::string_view series_key, int64_t value) {
  auto* fold = std::get_if<std::unique_ptr<SeriesFold<int64_t>>>(&payload_);
  if (fold != nullptr && *fold != nullptr) (*fold)->AddCarry(series_key, {time, value});
}

template <typename T>
void State::OfferExtreme(const T& value) {
  using Slot = std::conditional_t<std::is_same_v<T, std::string_view>, std::string, T>;
  auto& best = std::get<Slot>(payload_);
  const T current = best;
  const bool better =
      kind_ == Kind::kMin ? Beats<Side::kMin>(value, current) : Beats<Side::kMax>(value, current);
  if (count_ == 0 || better) best = value;
}

void State::OfferEdge(EventTime time, std::string_view series_key, Scalar value) {
  auto& edge = std::get<std::unique_ptr<Edge>>(payload_);
  if (edge == nullptr) {
    edge = std::make_unique<Edge>(Edge{time, std::string(series_key), std::move(value)});
    return;
  }
  if (time != edge->time) {
    if ((time < edge->time) != (kind_ == Kind::kFirst)) return;
  } else if (series_key != edge->series_key) {
    if (edge->series_key < series_key) return;
  } else if (!ScalarPrecedes(value, edge->value)) {
    // The same point twice; another value cannot happen in one snapshot, yet stays order-free.
    return;
  }
  edge->time = time;
  edge->series_key.assign(series_key);
  edge->value = std::move(value);
}

template <typename T>
void State::AddRun(const Run& run, std::span<const T> values) {
  TM_DCHECK(Fits<T>(input_));
  if (values.empty()) return;
  switch (kind_) {
    case Kind::kCount:
      break;
    case Kind::kSum:
    case Kind::kAvg:
      if constexpr (std::is_same_v<T, double>) {
        std::get<ExactSum>(payload_).AddMany(values);
      } else if constexpr (std::is_same_v<T, int64_t>) {
        auto& sum = std::get<IntegerSum>(payload_);
        Int128 total = ToInt128(sum.low, sum.high);
        for (const int64_t value : values) total += value;
        sum = {static_cast<uint64_t>(total), static_cast<int64_t>(total >> 64)};
      }
      break;
    case Kind::kMin:
      OfferExtreme(Stored(ExtremeOf<Side::kMin>(values)));
      break;
    case Kind::kMax:
      OfferExtreme(Stored(ExtremeOf<Side::kMax>(values)));
      break;
    case Kind::kFirst:
      TM_DCHECK(run.times.size() == values.size());
      OfferEdge(run.times.front(), run.series_key, ToScalar(values.front()));
      break;
    case Kind::kLast:
      TM_DCHECK(run.times.size() == values.size());
      OfferEdge(run.times.back(), run.series_key, ToScalar(values.back()));
      break;
    case Kind::kMoments:
    case Kind::kPercentiles:
    case Kind::kDistinct:
      AddToSketch(values);
      break;
    case Kind::kIncrease:
    case Kind::kDelta:
    case Kind::kTimeWeighted:
      if constexpr (std::is_same_v<T, double> || std::is_same_v<T, int64_t>) AddToFold(run, values);
      break;
    case Kind::kHistogram:
      if constexpr (std::is_same_v<T, double> || std::is_same_v<T, int64_t>) {
        std::get<std::unique_ptr<Histogram>>(payload_)->Add(values);
      }
      break;
  }
  count_ += values.size();
}

void State::Add(Run run, std::span<const double> values) { AddRun(run, values); }
void State::Add(Run run, std::span<const int64_t> values) { AddRun(run, values); }
void State::Add(Run run, std::span<const std::string_view> values) { AddRun(run, values); }
void State::Add(Run run, std::span<const bool> values) { AddRun(run, values); }
void State::Add(Run run, std::span<const EventTime> values) { AddRun(run, values); }

void State::AddCount(uint64_t n) {
  TM_DCHECK(kind_ == Kind::kCount);
  count_ += n;
}

bool State::CanSummarise(const Spec& spec, const Summary& summary) {
  if (spec.kind == Kind::kCount) return true;
  if (spec.kind >= Kind::kMoments) return false;
  if (spec.input == Type::kVarchar || spec.input == Type::kBoolean || summary.special) return false;
  return (spec.kind != Kind::kSum && spec.kind != Kind::kAvg) || summary.sum_usable;
}

void State::AddSummary(const Summary& summary, std::string_view series_key) {
  TM_DCHECK(CanSummarise(spec(), summary));
  if (summary.count == 0) return;
  const bool doubles = input_ == Type::kDouble;
  const auto offer_extreme = [&](uint64_t bits) {
    if (doubles) return OfferExtreme(std::bit_cast<double>(bits));
    OfferExtreme(static_cast<int64_t>(bits));
  };
  const auto offer_edge = [&](EventTime time, uint64_t bits) {
    const auto integer = static_cast<int64_t>(bits);
    OfferEdge(time, series_key,
              doubles ? Scalar(std::bit_cast<double>(bits)) : IntegerScalar(input_, integer));
  };
  switch (kind_) {
    case Kind::kCount:
      break;
    case Kind::kSum:
    case Kind::kAvg:
      if (doubles) {
        std::get<ExactSum>(payload_).Add(summary.sum_hi);
        std::get<ExactSum>(payload_).Add(summary.sum_lo);
      } else {
        auto& sum = std::get<IntegerSum>(payload_);
        const Int128 total =
            ToInt128(sum.low, sum.high) + ToInt128(summary.sum_low, summary.sum_high);
        sum = {static_cast<uint64_t>(total), static_cast<int64_t>(total >> 64)};
      }
      break;
    case Kind::kMin:
      offer_extreme(summary.min_bits);
      break;
    case Kind::kMax:
      offer_extreme(summary.max_bits);
      break;
    case Kind::kFirst:
      offer_edge(summary.first_time, summary.first_bits);
      break;
    case Kind::kLast:
      offer_edge(summary.last_time, summary.last_bits);
      break;
    case Kind::kMoments:
    case Kind::kPercentiles:
    case Kind::kDistinct:
    case Kind::kIncrease:
    case Kind::kDelta:
    case Kind::kTimeWeighted:
    case Kind::kHistogram:
      TM_UNREACHABLE();  // CanSummarise() is false
  }
  count_ += summary.count;
}

void State::Merge(const State& other) {
  TM_DCHECK(spec() == other.spec());
  if (other.count_ == 0) return;
  std::visit(
      [&](const auto& value) {
        using Value = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, ExactSum>) {
          std::get<ExactSum>(payload_).Merge(value);
        } else if constexpr (std::is_same_v<Value, IntegerSum>) {
          auto& sum = std::get<IntegerSum>(payload_);
          const Int128 total = ToInt128(sum.low, sum.high) + ToInt128(value.low, value.high);
          sum = {static_cast<uint64_t>(total), static_cast<int64_t>(total >> 64)};
        } else if constexpr (std::is_same_v<Value, std::string>) {
          if (this != &other) OfferExtreme(std::string_view(value));
        } else if constexpr (std::is_same_v<Value, std::unique_ptr<Edge>>) {
          if (this != &other) OfferEdge(value->time, value->series_key, value->value);
        } else if constexpr (std::is_same_v<Value, std::unique_ptr<SeriesFold<double>>> ||
                             std::is_same_v<Value, std::unique_ptr<SeriesFold<int64_t>>>) {
          MergeFold(*value);
        } else if constexpr (std::is_same_v<Value, std::unique_ptr<Histogram>>) {
          std::get<std::unique_ptr<Histogram>>(payload_)->Merge(*value);
        } else if constexpr (requires { value->Merge(*value); }) {
          SketchOf<std::decay_t<decltype(*value)>>()->Merge(*value);
        } else if constexpr (!std::is_same_v<Value, std::monostate>) {
          OfferExtreme(value);
        }
      },
      other.payload_);
  count_ += other.count_;
}

size_t State::heap_bytes() const {
  const auto of_string = [](const std::string& text) {
    const bool is_inline = text.capacity() <= std::string().capacity();
    return is_inline ? 0 : text.capacity() + 1;
  };
  if (const auto* sum = std::get_if<ExactSum>(&payload_)) return sum->heap_bytes();
  if (const auto* text = std::get_if<std::string>(&payload_)) return of_string(*text);
  if (const auto* histogram = std::get_if<std::unique_ptr<Histogram>>(&payload_)) {
    return sizeof(Histogram) + (*histogram)->heap_bytes();
  }
  if (count_ == 0) return 0;
  if (const auto* moments = std::get_if<std::unique_ptr<Moments<2>>>(&payload_)) {
    return sizeof(Moments<2>) + (*moments)->heap_bytes();
  }
  if (const auto* percentiles = std::get_if<std::unique_ptr<Percentiles>>(&payload_)) {
    return sizeof(Percentiles) + (*percentiles)->heap_bytes();
  }
  if (const auto* distinct = std::get_if<std::unique_ptr<DistinctSketch>>(&payload_)) {
    return sizeof(DistinctSketch) + (*distinct)->heap_bytes();
  }
  const auto of_fold = [](const auto& fold) { return sizeof(*fold) + fold->heap_bytes(); };
  if (const auto* fold = std::get_if<std::unique_ptr<SeriesFold<double>>>(&payload_)) {
    return of_fold(*fold);
  }
  if (const auto* fold = std::get_if<std::unique_ptr<SeriesFold<int64_t>>>(&payload_)) {
    return of_fold(*fold);
  }
  const auto* edge = std::get_if<std::unique_ptr<Edge>>(&payload_);
  if (edge == nullptr || *edge == nullptr) return 0;
  const auto* text = std::get_if<std::string>(&(*edge)->value);
  return sizeof(Edge) + of_string((*edge)->series_key) + (text == nullptr ? 0 : of_string(*text));
}

void AddToAll(std::span<State> states, Run run, std::span<const double> values) {
  // sum and avg of one run share its exact sum.
  std::optional<ExactSum> shared;
  for (State& state : states) {
    auto* sum = std::get_if<ExactSum>(&state.payload_);
    if (sum == nullptr) {
      state.Add(run, values);
      continue;
    }
    if (!shared) shared.emplace().AddMany(values);
    sum->Merge(*shared);
    state.count_ += values.size();
  }
}

namespace {
template <typename T>
void AddToEach(std::span<State> states, const Run& run, std::span<const T> values) {
  for (State& state : states) state.Add(run, values);
}
}  // namespace

void AddToAll(std::span<State> states, Run run, std::span<const int64_t> values) {
  AddToEach(states, run, values);
}
void AddToAll(std::span<State> states, Run run, std::span<const std::string_view> values) {
  AddToEach(states, run, values);
}
void AddToAll(std::span<State> states, Run run, std::span<const bool> values) {
  AddToEach(states, run, values);
}
void AddToAll(std::span<State> states, Run run, std::span<const EventTime> values) {
  AddToEach(states, run, values);
}

}  // namespace tidemark::agg
