// What simdjson's On-Demand interface does with an answer when it is used with care: straight into typed columns.
//
//   anchor memcpy|stage1|ondemand FILE [ITERATIONS]
//
// Prints the lines of JSON that `measure` in the library of kusto-benches describes. simdjson itself is not part of
// this repository: `cargo xtask bench` takes it from the package @nozbe/simdjson.
#include <sys/resource.h>

#include <cmath>
#include <cstdio>
#include <ctime>
#include <string>

#include "columns.h"
#include "simdjson.h"

using namespace simdjson;

struct Table {
  std::string kind;
  std::vector<Column> columns;
};

[[noreturn]] static void fail(const char* message) {
  fprintf(stderr, "anchor: %s\n", message);
  exit(1);
}

// The value, or the end of the program.
template <class T>
[[gnu::always_inline]] static inline T must(simdjson_result<T> result) {
  T value;
  error_code error = std::move(result).get(value);
  if (__builtin_expect(error != SUCCESS, 0)) fail(error_message(error));
  return value;
}

[[gnu::always_inline]] static inline void must(bool fine, const char* message) {
  if (__builtin_expect(!fine, 0)) fail(message);
}

static double real_of(std::string_view text) {
  if (text == "NaN") return NAN;
  if (text == "Infinity") return INFINITY;
  if (text == "-Infinity") return -INFINITY;
  fail("a string that is no real");
}

static inline void string_cell(ondemand::parser& parser, ondemand::value value, Column& column, size_t most) {
  uint8_t* room = column.text_room(most);
  std::string_view text = must(parser.unescape(must(value.get_raw_json_string()), room));
  column.end_text(text.size());
}

[[gnu::always_inline]] static inline void cell(ondemand::parser& parser, ondemand::value value, Column& column) {
  std::string_view token = value.raw_json_token();
  const char first = token[0];
  if (first == 'n') {
    must(must(value.is_null()), "no null");
    column.push_null();
    return;
  }
  auto text = [&] { return must(value.get_raw_json_string()).raw(); };
  switch (column.type) {
    case Type::Int: {
      int64_t number = must(value.get_int64());
      must(number == int32_t(number), "an int out of range");
      column.push(int32_t(number));
      break;
    }
    case Type::Long:
      column.push(must(value.get_int64()));
      break;
    case Type::Real:
      column.push(first == '"' ? real_of(must(value.get_string())) : must(value.get_double()));
      break;
    case Type::Bool:
      column.push_bit(column.values, must(value.get_bool()));
      break;
    case Type::DateTime: {
      int64_t ticks;
      must(parse_datetime(text(), ticks), "no datetime");
      column.push(ticks);
      break;
    }
    case Type::Timespan: {
      int64_t ticks;
      must(parse_timespan(text(), ticks), "no timespan");
      column.push(ticks);
      break;
    }
    case Type::Guid:
      column.values.reserve((column.rows + 1) * 16);
      must(token.size() >= 38 && parse_guid(text(), column.values.data + column.rows * 16), "no guid");
      break;
    case Type::Dynamic:
      if (first != '"') {
        std::string_view json = must(value.raw_json());
        memcpy(column.text_room(json.size()), json.data(), json.size());
        column.end_text(json.size());
        break;
      }
      [[fallthrough]];
    case Type::Text:
      string_cell(parser, value, column, token.size());
      break;
  }
  column.end_row(true);
}

static void rows(ondemand::parser& parser, ondemand::array rows, std::vector<Column>& columns) {
  Column* const first = columns.data();
  const size_t width = columns.size();
  for (auto row : rows) {
    size_t index = 0;
    for (auto value : must(row.get_array())) {
      must(index < width, "a row is too long");
      cell(parser, must(std::move(value)), first[index++]);
    }
    must(index == width, "a row is too short");
  }
}

static void heads(ondemand::array heads, std::vector<Column>& columns) {
  size_t index = 0;
  for (auto head : heads) {
    if (index == columns.size()) columns.emplace_back();
    Column& column = columns[index++];
    column.clear();
    column.type = type_of(must(must(head.get_object())["ColumnType"].get_string()));
  }
}

static void decode(ondemand::parser& parser, padded_string_view body, std::vector<Table>& tables) {
  ondemand::document answer = must(parser.iterate(body));
  size_t used = 0;
  for (auto frame : must(answer.get_array())) {
    Table* table = nullptr;
    for (auto member : must(frame.get_object())) {
      ondemand::field field = must(std::move(member));
      std::string_view name = must(field.unescaped_key(false));
      if (name == "FrameType") {
        if (must(field.value().get_string()) != "DataTable") continue;
        if (used == tables.size()) tables.emplace_back();
        table = &tables[used++];
      } else if (table && name == "TableKind") {
        table->kind = must(field.value().get_string());
      } else if (table && name == "Columns") {
        heads(must(field.value().get_array()), table->columns);
      } else if (table && name == "Rows") {
        rows(parser, must(field.value().get_array()), table->columns);
      }
    }
  }
}

static double seconds(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

static rusage usage() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage;
}

static double kernel_seconds() {
  timeval time = usage().ru_stime;
  return time.tv_sec + time.tv_usec * 1e-6;
}

int main(int count, char** arguments) {
  if (count < 3) fail("usage: anchor memcpy|stage1|ondemand FILE [ITERATIONS]");
  std::string mode = arguments[1];
  int iterations = count > 3 ? atoi(arguments[3]) : 5;
  padded_string body = must(padded_string::load(arguments[2]));
  size_t length = body.size();
  ondemand::parser parser;
  std::vector<Table> tables;
  std::vector<char> copy(mode == "memcpy" ? length : 0);
  int repetitions = length < (8 << 20) ? int((64 << 20) / length) + 1 : 1;
  for (int iteration = 0; iteration <= iterations; iteration++) {
    int times = iteration == 0 ? 1 : repetitions;
    double kernel = kernel_seconds(), wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    double best = INFINITY;
    for (int time = 0; time < times; time++) {
      double begin = seconds(CLOCK_MONOTONIC);
      if (mode == "memcpy") {
        memcpy(copy.data(), body.data(), length);
        asm volatile("" ::"r"(copy.data()) : "memory");
      } else if (mode == "stage1") {
        must(parser.iterate(body));
      } else {
        decode(parser, body, tables);
      }
      best = std::min(best, seconds(CLOCK_MONOTONIC) - begin);
    }
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    wall = seconds(CLOCK_MONOTONIC) - wall;
    double megabytes = length * double(times) / 1e6;
    printf("{\"iter\":%d,\"mbps\":%.1f,\"wall_mbps\":%.1f,\"best\":%.1f,\"sys_share\":%.3f}\n", iteration,
           megabytes / cpu, megabytes / wall, length / 1e6 / best, (kernel_seconds() - kernel) / cpu);
  }
  double peak = usage().ru_maxrss * 1024 / 1e6;
  Hash hash;
  size_t rows = 0;
  for (Table& table : tables)
    if (table.kind == "PrimaryResult") {
      rows = table.columns[0].rows;
      for (Column& column : table.columns) hash.column(column);
    }
  printf("{\"end\":1,\"hash\":\"%016lx\",\"rows\":%zu,\"rss_mb\":%.1f,\"body_mb\":%.1f,\"impl\":\"%s\"}\n",
         tables.empty() ? 0 : hash.value, rows, peak, length / 1e6, get_active_implementation()->name().c_str());
}
