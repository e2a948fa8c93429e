// SPDX-License-Identifier: MIT
// Boots the kernel under node in v86, a PC made of JavaScript and wasm.
//
//   node tools/v86.mjs KERNEL.elf ["COMMAND LINE" [MODULE]]
//
// There is no BIOS: v86 loads the ELF itself. The serial line is stdout, the
// exit status is that of QEMU: what the kernel writes to port 0xf4, times 2,
// plus 1. LIMIT=SECONDS in the environment ends a kernel that hangs, with
// status 124 as from timeout(1). SCREEN=1 shows the text screen on stderr when
// the kernel leaves.
//
// The emulator is pinned by tools/v86/package-lock.json and unpacked into
// build/v86; the source tree stays clean.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeSync }
    from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const tools = path.dirname(fileURLToPath(import.meta.url));
const home = path.resolve(tools, "..", process.env.BUILD ?? "build", "v86");
const emulator = path.join(home, "node_modules", "v86", "build");

function install() {
    mkdirSync(home, { recursive: true });
    for (const file of ["package.json", "package-lock.json"])
        copyFileSync(path.join(tools, "v86", file), path.join(home, file));
    console.error(`fetching v86 into ${home}`);
    // Our stdout is the serial line: what npm says belongs elsewhere.
    try {
        execFileSync("npm", ["ci", "--ignore-scripts", "--no-fund",
                             "--no-audit"],
                     { cwd: home, stdio: ["ignore", 2, 2] });
    } catch {
        console.error("v86.mjs: npm could not fetch v86; is it online?");
        process.exit(2);
    }
}

const parts = ["libv86.mjs", "v86.wasm"].map(f => path.join(emulator, f));

const bytes = file => {
    const data = readFileSync(file);
    return { buffer: data.buffer.slice(data.byteOffset,
                                       data.byteOffset + data.length) };
};

const [kernel, cmdline = "", module] = process.argv.slice(2);
if (kernel === undefined) {
    console.error('usage: v86.mjs KERNEL.elf ["COMMAND LINE" [MODULE]]');
    process.exit(2);
}
if (!parts.every(existsSync))
    install();
const { V86 } = await import(parts[0]);

const machine = new V86({
    wasm_path: parts[1],
    memory_size: 128 << 20,
    vga_memory_size: 8 << 20,
    multiboot: bytes(kernel),
    initrd: module && bytes(module),
    // v86 adds its own terminating zero.
    cmdline,
    autostart: false,
});

// Synchronous, so that nothing is lost when the kernel leaves.
machine.add_listener("serial0-output-byte",
                     byte => writeSync(1, Uint8Array.of(byte)));

// 80 x 25 cells, a character and an attribute each.
function showScreen() {
    const cells = machine.v86.cpu.devices.vga.vga_memory;
    for (let row = 0; row < 25; row++) {
        const codes = Array.from(
            { length: 80 }, (_, column) => cells[(row * 80 + column) * 2]);
        console.error(String.fromCharCode(...codes).trimEnd());
    }
}

// A write to a port that no device claims is an error in v86.
machine.add_listener("emulator-ready", () => {
    const leave = code => {
        if (process.env.SCREEN)
            showScreen();
        process.exit((code << 1 | 1) & 0xff);
    };
    const io = machine.v86.cpu.io;
    io.register_write(0xf4, { name: "debug exit" }, leave, leave, leave);
    machine.run();
});

const limit = Number(process.env.LIMIT ?? 60);
setTimeout(() => {
    console.error(`no end after ${limit} s`);
    process.exit(124);
}, limit * 1000);
