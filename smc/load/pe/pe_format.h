// SPDX-License-Identifier: MIT
// PE32 as it lies in a file. [PE "COFF File Header" and following]
//
// Addresses inside the image are RVAs: offsets from where it is loaded.
#pragma once
#include <stdint.h>

struct dos_header {
    uint16_t e_magic;  // 'MZ'
    uint8_t e_dos[58]; // for DOS; of no interest here
    uint32_t e_lfanew; // file offset of struct pe_header
} __attribute__((packed));

enum {
    DIR_EXPORT = 0,
    DIR_IMPORT = 1,
    DIR_RELOC = 5,
    DIR_TLS = 9,
    DIR_DELAY = 13,
    DIR_CLR = 14,
    DIR_COUNT = 16
};

// Where a table lies in the image; the index tells which one it is.
struct pe_directory {
    uint32_t VirtualAddress, Size;
} __attribute__((packed));

struct pe_header {
    uint32_t Signature; // 'PE' 0 0
    uint16_t Machine;
    uint16_t NumberOfSections;
    uint32_t TimeDateStamp;        // when it was linked
    uint32_t PointerToSymbolTable; // for debuggers; not loaded
    uint32_t NumberOfSymbols;
    uint16_t SizeOfOptionalHeader; // the section table follows after this
    uint16_t Characteristics;      // PE_RELOCS_STRIPPED and others

    // The "optional" header, which every image must have.
    uint16_t Magic;
    uint8_t MajorLinkerVersion, MinorLinkerVersion;
    uint32_t SizeOfCode; // three sums that no loader needs
    uint32_t SizeOfInitializedData;
    uint32_t SizeOfUninitializedData;
    uint32_t AddressOfEntryPoint; // DllMain; RVA, 0 if there is none
    uint32_t BaseOfCode, BaseOfData;
    uint32_t ImageBase;        // the address that it was linked for
    uint32_t SectionAlignment; // of VirtualAddress: the page size
    uint32_t FileAlignment;    // of PointerToRawData: a disk's sector
    uint16_t Versions[6];      // of the system that it expects
    uint32_t Win32VersionValue;
    uint32_t SizeOfImage;   // in memory, headers included
    uint32_t SizeOfHeaders; // in the file, section table included
    uint32_t CheckSum;      // checked for drivers only
    uint16_t Subsystem, DllCharacteristics;
    uint32_t SizeOfStackReserve, SizeOfStackCommit;
    uint32_t SizeOfHeapReserve, SizeOfHeapCommit;
    uint32_t LoaderFlags;
    uint32_t NumberOfRvaAndSizes; // how many directories follow
    struct pe_directory Directory[];
} __attribute__((packed));

#define PE_SIGNATURE 0x00004550u
#define PE_MACHINE_386 0x14c
#define PE_MAGIC_32 0x10b
#define PE_OPTIONAL_SIZE 96u // up to the directories
#define PE_RELOCS_STRIPPED 1 // Characteristics
#define PE_EXECUTABLE 2      // no linker error
#define PE_DLL 0x2000
#define PE_CONSOLE 3 // Subsystem

struct pe_section {
    char Name[8];            // padded with NUL, not always ended by one
    uint32_t VirtualSize;    // in memory; 0 means SizeOfRawData
    uint32_t VirtualAddress; // RVA
    uint32_t SizeOfRawData;  // in the file; the rest is zero
    uint32_t PointerToRawData;
    uint32_t PointerToRelocations, PointerToLinenumbers; // objects only
    uint16_t NumberOfRelocations, NumberOfLinenumbers;
    uint32_t Characteristics; // rights, and what it holds
} __attribute__((packed));

#define PE_SECTION_EXECUTE 0x20000000u
#define PE_SECTION_WRITE 0x80000000u

struct pe_import {               // one per DLL; a zero entry ends the table
    uint32_t OriginalFirstThunk; // names
    uint32_t TimeDateStamp, ForwarderChain;
    uint32_t Name;
    uint32_t FirstThunk; // the same names; addresses once bound
} __attribute__((packed));

struct pe_delay {        // one per DLL; a zero entry ends the table
    uint32_t Attributes; // 1: the others are RVAs
    uint32_t Name, ModuleHandle;
    uint32_t DelayIAT, DelayNames;
    uint32_t BoundDelayIAT, UnloadIAT, TimeDateStamp;
} __attribute__((packed));

#define PE_BY_ORDINAL 0x80000000u

struct pe_export {
    uint32_t ExportFlags, TimeDateStamp;
    uint16_t MajorVersion, MinorVersion;
    uint32_t Name;        // of the DLL itself
    uint32_t OrdinalBase; // the number of the first function
    uint32_t NumberOfFunctions, NumberOfNames;
    uint32_t AddressOfFunctions;    // RVAs, by ordinal
    uint32_t AddressOfNames;        // RVAs of strings
    uint32_t AddressOfNameOrdinals; // 16 bits each, beside the names
} __attribute__((packed));

struct pe_tls { // addresses, not RVAs
    uint32_t StartAddressOfRawData, EndAddressOfRawData;
    uint32_t AddressOfIndex;
    uint32_t AddressOfCallBacks; // or 0
    uint32_t SizeOfZeroFill, Characteristics;
} __attribute__((packed));

struct pe_reloc_block {      // followed by 16-bit entries
    uint32_t VirtualAddress; // of the page; need not be aligned
    uint32_t SizeOfBlock;    // this header included
} __attribute__((packed));

// Type 0 changes nothing: it pads a block to a multiple of four bytes. HIGH
// and LOW are the halves of an address; HIGHADJ is a high half that knows its
// low one, in the entry that follows.
enum {
    PE_REL_ABSOLUTE = 0,
    PE_REL_HIGH = 1,
    PE_REL_LOW = 2,
    PE_REL_HIGHLOW = 3,
    PE_REL_HIGHADJ = 4,
    PE_REL_TYPES
};
