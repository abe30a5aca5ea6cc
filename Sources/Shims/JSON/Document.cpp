// Texts become documents.
#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>
#include <sys/mman.h>

#include <new>

#include "Locate.h"
#include "Repair.h"

namespace {

using mass::json::Patch;

/// From this many bytes of text on, the first touch of its memory costs more than parsing it.
constexpr size_t kLargeText = 1 << 20;

/// Asks for large pages where the system has them on request; a wish that may be ignored.
void preferLargePages(void *start, size_t size) {
#ifdef MADV_HUGEPAGE
  constexpr uintptr_t kPage = 4096;
  const uintptr_t first = (reinterpret_cast<uintptr_t>(start) + kPage - 1) / kPage * kPage;
  const uintptr_t last = (reinterpret_cast<uintptr_t>(start) + size) / kPage * kPage;
  if (last > first) madvise(reinterpret_cast<void *>(first), last - first, MADV_HUGEPAGE);
#else
  (void)start;
  (void)size;
#endif
}

/// Allocates what parsing writes to.
simdjson::error_code allocate(simdjson::dom::parser &parser, simdjson::dom::document &result, size_t size,
                              size_t depthLimit) {
  // simdjson counts the document itself as a level.
  if (const auto error = parser.allocate(size, depthLimit + 1)) return error;
  if (size < kLargeText) return simdjson::SUCCESS;
  if (const auto error = result.allocate(size)) return error;
  preferLargePages(parser.implementation->structural_indexes.get(), size * sizeof(uint32_t));
  preferLargePages(result.tape.get(), size * sizeof(uint64_t));
  return simdjson::SUCCESS;
}

/// Parses the text of `document` and takes over the memory of the result.
simdjson::error_code parse(mass_json_document &document, size_t depthLimit) {
  simdjson::dom::parser parser;
  simdjson::dom::document result;
  if (const auto error = allocate(parser, result, document.size, depthLimit)) return error;
  const auto error = parser.parse_into_document(result, document.text.get(), document.size, false).error();
  if (error) return error;
  document.tape = std::move(result.tape);
  document.strings = std::move(result.string_buf);
  return simdjson::SUCCESS;
}

/// Parses again without the numbers that simdjson does not take, if there are any.
simdjson::error_code parseRepaired(mass_json_document &document, size_t depthLimit, bool acceptsTokens) {
  const std::vector<Patch> patches = mass::json::repair(document.text.get(), document.size, acceptsTokens);
  if (patches.empty()) return simdjson::TAPE_ERROR;
  const auto error = parse(document, depthLimit);
  if (!error) mass::json::apply(patches, document);
  return error;
}

mass_json_failure failure(const mass_json_document &document, size_t depthLimit, simdjson::error_code error) {
  switch (error) {
    case simdjson::SUCCESS:
      return {MASS_JSON_VALID, MASS_JSON_NOWHERE};
    case simdjson::MEMALLOC:
      return {MASS_JSON_NO_MEMORY, MASS_JSON_NOWHERE};
    case simdjson::CAPACITY:
      return {MASS_JSON_TOO_LARGE, MASS_JSON_NOWHERE};
    default:
      return mass::json::locate({document.text.get(), document.size}, depthLimit);
  }
}

}  // namespace

mass_json_document *mass_json_create(size_t size) {
  if (size > SIZE_MAX / 2) return nullptr;
  std::unique_ptr<mass_json_document> document(new (std::nothrow) mass_json_document);
  if (!document) return nullptr;
  document->text.reset(new (std::nothrow) char[size + simdjson::SIMDJSON_PADDING]);
  if (!document->text) return nullptr;
  std::memset(document->text.get() + size, ' ', simdjson::SIMDJSON_PADDING);
  document->size = size;
  if (size >= kLargeText) preferLargePages(document->text.get(), size);
  return document.release();
}

char *mass_json_text_buffer(mass_json_document *document) { return document->text.get(); }

mass_json_failure mass_json_parse(mass_json_document *document, size_t depth_limit, bool accepts_tokens) {
  try {
    simdjson::error_code error = parse(*document, depth_limit);
    if (error == simdjson::TAPE_ERROR || error == simdjson::NUMBER_ERROR) {
      error = parseRepaired(*document, depth_limit, accepts_tokens);
    }
    const mass_json_failure result = failure(*document, depth_limit, error);
    document->text.reset();
    return result;
  } catch (...) {
    return {MASS_JSON_NO_MEMORY, MASS_JSON_NOWHERE};
  }
}

void mass_json_free(mass_json_document *document) { delete document; }
