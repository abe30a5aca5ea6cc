// What mass.h promises about bytes, held by the compiler. A line here may be added, never changed.
#include "mass.h"

#include <dlpack/dlpack.h>

const char *mass_version_string(void) { return MASS_VERSION_STRING; }

int32_t mass_version_number(void) { return MASS_VERSION_NUMBER; }

#define SAME_FIELD(ours, field, theirs, other)                                                   \
  _Static_assert(offsetof(ours, field) == offsetof(theirs, other), #ours "." #field " has moved"); \
  _Static_assert(sizeof(((ours *)0)->field) == sizeof(((theirs *)0)->other), #ours "." #field " has changed size")

_Static_assert(sizeof(mass_dtype) == sizeof(DLDataType), "mass_dtype is DLDataType");
SAME_FIELD(mass_dtype, code, DLDataType, code);
SAME_FIELD(mass_dtype, bits, DLDataType, bits);
SAME_FIELD(mass_dtype, lanes, DLDataType, lanes);

_Static_assert(sizeof(mass_device) == sizeof(DLDevice), "mass_device is DLDevice");
SAME_FIELD(mass_device, device_type, DLDevice, device_type);
SAME_FIELD(mass_device, device_id, DLDevice, device_id);

_Static_assert(sizeof(mass_tensor) == sizeof(DLTensor), "mass_tensor is DLTensor");
_Static_assert(_Alignof(mass_tensor) == _Alignof(DLTensor), "mass_tensor is DLTensor");
SAME_FIELD(mass_tensor, data, DLTensor, data);
SAME_FIELD(mass_tensor, device, DLTensor, device);
SAME_FIELD(mass_tensor, ndim, DLTensor, ndim);
SAME_FIELD(mass_tensor, dtype, DLTensor, dtype);
SAME_FIELD(mass_tensor, shape, DLTensor, shape);
SAME_FIELD(mass_tensor, strides, DLTensor, strides);
SAME_FIELD(mass_tensor, byte_offset, DLTensor, byte_offset);

#define SAME_CODE(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), #ours " is " #theirs)

SAME_CODE(MASS_CPU, kDLCPU);
SAME_CODE(MASS_INT, kDLInt);
SAME_CODE(MASS_UINT, kDLUInt);
SAME_CODE(MASS_FLOAT, kDLFloat);
SAME_CODE(MASS_BFLOAT, kDLBfloat);
SAME_CODE(MASS_COMPLEX, kDLComplex);

// Version 1, where pointers have 8 bytes.
#if UINTPTR_MAX == UINT64_MAX
#define PLACE(type, field, place) _Static_assert(offsetof(type, field) == (place), #type "." #field " has moved")

_Static_assert(sizeof(mass_status) == 4, "mass_status");

_Static_assert(sizeof(mass_shape) == 24, "mass_shape never changes");
PLACE(mass_shape, name, 0);
PLACE(mass_shape, extents, 8);
PLACE(mass_shape, ndim, 16);

_Static_assert(sizeof(mass_compile_options) >= 56, "mass_compile_options only grows");
PLACE(mass_compile_options, struct_size, 0);
PLACE(mass_compile_options, threads, 8);
PLACE(mass_compile_options, strict, 12);
PLACE(mass_compile_options, shapes, 16);
PLACE(mass_compile_options, shape_count, 24);
PLACE(mass_compile_options, untuned, 32);
PLACE(mass_compile_options, reserved, 36);
PLACE(mass_compile_options, progress, 40);
PLACE(mass_compile_options, progress_context, 48);

_Static_assert(sizeof(mass_session_options) >= 16, "mass_session_options only grows");
PLACE(mass_session_options, struct_size, 0);
PLACE(mass_session_options, threads, 8);
PLACE(mass_session_options, strict, 12);

_Static_assert(sizeof(mass_value_info) >= 48, "mass_value_info only grows");
PLACE(mass_value_info, struct_size, 0);
PLACE(mass_value_info, name, 8);
PLACE(mass_value_info, kind, 16);
PLACE(mass_value_info, dtype, 20);
PLACE(mass_value_info, rank, 24);
PLACE(mass_value_info, shape, 32);
PLACE(mass_value_info, symbols, 40);
#endif
