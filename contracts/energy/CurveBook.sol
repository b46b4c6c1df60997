// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IAccountBook} from "./interfaces/IAccountBook.sol";
import {IEnergyAccounts} from "./interfaces/IEnergyAccounts.sol";
import {BookStatus, IEnergyExchange} from "./interfaces/IEnergyExchange.sol";
import {CurveOrders} from "./libraries/CurveOrders.sol";
import {CurveTally} from "./libraries/CurveTally.sol";
import {LedgerCalls} from "./libraries/LedgerCalls.sol";
import {Cell} from "./libraries/UniformPrice.sol";

/// @title CurveBook
/// @notice The half of the exchange that reads orders: who signed, who is covered, what is counted, what is served.
abstract contract CurveBook is IEnergyExchange, EIP712 {
    /// @dev What one settlement builds up.
    struct Book {
        uint32 firstSlot;
        /// @notice Slots of the book.
        uint256 count;
        Cell[] cells;
        /// @notice Hashes of the groups of 128 leaves.
        bytes groups;
        BookStatus status;
        bytes32 pricesHash;
        bytes32 postedHash;
        bytes32 positions;
    }

    /// @dev The records of one transaction.
    struct Batch {
        uint256 pointer;
        uint256 stride;
        uint256 number;
        uint256[] words;
        uint256 zoneCount;
        bytes32 domain;
        uint256 gate;
        uint256 posted;
        uint256[] postedWords;
    }

    IEnergyAccounts public immutable ACCOUNTS;
    uint256 internal immutable GATE_LEAD;

    uint256 internal constant SLOT_SECONDS = 900;
    uint256 private constant GROUP_LEAVES = 128;
    uint8 private constant FLAG_WITHDRAWING = 2;

    constructor(IEnergyAccounts accounts) EIP712("Publica EnergyExchange", "1") {
        ACCOUNTS = accounts;
        GATE_LEAD = accounts.GATE_LEAD();
    }

    /// @dev Reads the records' accounts, which must ascend.
    function _batch(Book memory p, bytes calldata orders) internal view returns (Batch memory b) {
        b.stride = CurveOrders.stride(p.count);
        b.number = orders.length / b.stride;
        if (b.number * b.stride != orders.length) revert EnergyBadLength();
        uint256 pointer;
        assembly ("memory-safe") {
            pointer := orders.offset
        }
        b.pointer = pointer;
        uint256[] memory accounts = LedgerCalls.list(b.number);
        uint256 unordered;
        (, unordered) = CurveOrders.accountsAt(pointer, b.stride, accounts, 0);
        if (unordered < b.number) revert EnergyIdOrder(unordered);
        b.words = LedgerCalls.load(ACCOUNTS, accounts);
    }

    /// @dev Verifies every record and adds it to the cells and to the book's leaves.
    function _count(Book memory p, Batch memory b, uint256 zoneCount) internal view {
        b.zoneCount = zoneCount;
        b.domain = _domainSeparatorV4();
        b.gate = p.firstSlot * SLOT_SECONDS - GATE_LEAD;
        bytes32[] memory leaves = new bytes32[](b.number);
        uint256 pointer = b.pointer;
        unchecked {
            for (uint256 i = 0; i < leaves.length; ++i) {
                leaves[i] = _countOne(p, b, pointer, i);
                pointer += b.stride;
            }
        }
        p.groups = _groups(leaves);
    }

    function _countOne(Book memory p, Batch memory b, uint256 pointer, uint256 index) internal view returns (bytes32) {
        (uint256 head, bytes32 hash, address signer) = CurveOrders.read(pointer, p.count, p.firstSlot, b.domain);
        unchecked {
            pointer += CurveOrders.HEAD_BYTES;
        }
        uint256 word = b.words[index];
        uint256 zone = uint8(word >> 8);
        bytes4 flaw = _flaw(b.gate, word, head, signer);
        if (head >> 47 == 1) {
            _requireAbsent(p, b, pointer, index, flaw);
            return CurveOrders.leaf((head >> 16) & ~CurveOrders.ABSENT, hash);
        }
        if (flaw != 0) {
            if (flaw == EnergyStaleNonce.selector) revert EnergyStaleNonce(index);
            revert EnergyBadSignature(index);
        }
        if (zone >= b.zoneCount) revert EnergyUnknownZone(uint32(head >> 16));
        unchecked {
            uint256 worst = CurveTally.tally(p.cells, zone * p.count, p.count, pointer);
            if (worst > _available(head >> 16, word, b.gate)) revert IAccountBook.EnergyUncovered(uint32(head >> 16));
        }
        return CurveOrders.leaf(head >> 16, hash);
    }

    /// @dev A record may count as absent only when it is flawed or not covered.
    function _requireAbsent(Book memory p, Batch memory b, uint256 pointer, uint256 index, bytes4 flaw) internal view {
        uint256 word = b.words[index];
        if (flaw != 0 || uint8(word >> 8) >= b.zoneCount) return;
        uint256 account = CurveOrders.accountAt(pointer - CurveOrders.HEAD_BYTES) & ~CurveOrders.ABSENT;
        if (CurveTally.cost(p.count, pointer) <= _available(account, word, b.gate)) revert EnergyNotAbsent(index);
    }

    /// @dev The error a record's nonce or signature deserves; zero when there is none.
    function _flaw(uint256 gate, uint256 word, uint256 head, address signer) internal view returns (bytes4) {
        uint32 account = uint32((head >> 16) & ~CurveOrders.ABSENT);
        if (uint16(head) != uint16(word >> 16) && !ACCOUNTS.wasNonceValid(account, uint16(head), gate))
            return EnergyStaleNonce.selector;
        if (signer == address(0)) return EnergyBadSignature.selector;
        if (signer != address(uint160(word >> 96)) && ACCOUNTS.sessionKeyUntil(account, signer) <= gate)
            return EnergyBadSignature.selector;
        return 0;
    }

    /// @dev Balance that covers orders of a book whose gate closed at `gate`.
    function _available(uint256 account, uint256 word, uint256 gate) internal view returns (uint256 balance) {
        balance = uint64(word >> 32);
        if (uint8(word) & FLAG_WITHDRAWING == 0) return balance;
        uint256 reserved = ACCOUNTS.reservedMicro(uint32(account), gate);
        return reserved < balance ? balance - reserved : 0;
    }

    /// @dev One hash for each group of 128 leaves.
    function _groups(bytes32[] memory leaves) internal pure returns (bytes memory groups) {
        uint256 number = (leaves.length + GROUP_LEAVES - 1) / GROUP_LEAVES;
        groups = new bytes(number * 32);
        for (uint256 g = 0; g < number; ++g) {
            uint256 size = leaves.length - g * GROUP_LEAVES;
            if (size > GROUP_LEAVES) size = GROUP_LEAVES;
            assembly ("memory-safe") {
                let begin := add(add(leaves, 0x20), shl(12, g))
                mstore(add(add(groups, 0x20), shl(5, g)), keccak256(begin, shl(5, size)))
            }
        }
    }

    /// @dev Nobody is rationed at the price of slot `t`: reads its orders again for the ones nearest to the price.
    function _bound(Book memory p, Batch memory b, uint256 t) internal pure {
        uint256 pointer = b.pointer;
        uint256 step = CurveOrders.HEAD_BYTES + t * CurveOrders.STEP_BYTES;
        for (uint256 i = 0; i < b.number; ++i) {
            if (CurveOrders.accountAt(pointer) & CurveOrders.ABSENT == 0)
                CurveTally.bound(p.cells[uint8(b.words[i] >> 8) * p.count + t], pointer + step);
            pointer += b.stride;
        }
        for (uint256 i = 0; i < b.postedWords.length; ++i) {
            (uint256 cell, , uint256 place) = _postAt(p, b.posted, i, b.postedWords[i]);
            if (cell % p.count == t) CurveTally.bound(p.cells[cell], place);
        }
    }

    function _postAt(
        Book memory p,
        uint256 posted,
        uint256 index,
        uint256 word
    ) internal pure returns (uint256 cell, uint256 account, uint256 pointer) {
        assembly ("memory-safe") {
            pointer := add(posted, mul(index, 11))
            let head := calldataload(pointer)
            cell := shr(248, head)
            account := and(shr(216, head), 0xffffffff)
            pointer := add(pointer, 5)
        }
        cell += uint8(word >> 8) * p.count;
    }

    function _servePosted(
        Book memory p,
        bytes calldata posted,
        uint256[] memory words
    ) internal pure returns (uint256[] memory entries) {
        entries = new uint256[](words.length);
        bytes memory positions = new bytes(words.length * 9 + 32);
        for (uint256 i = 0; i < words.length; ++i) {
            (uint256 cell, uint256 account, uint256 pointer) = _postAt(p, _offset(posted), i, words[i]);
            uint256 out;
            assembly ("memory-safe") {
                out := add(add(positions, 0x20), mul(i, 9))
                mstore(out, calldataload(sub(pointer, 5)))
                out := add(out, 5)
            }
            entries[i] = _entry(account, CurveTally.fill(p.cells, cell, 1, pointer, out));
        }
        assembly ("memory-safe") {
            mstore(positions, sub(mload(positions), 32))
        }
        p.postedHash = keccak256(positions);
    }

    /// @dev Serves the records and appends their entries to those given; chains their positions.
    function _serve(
        Book memory p,
        Batch memory b,
        uint256[] memory before
    ) internal pure returns (uint256[] memory entries) {
        entries = LedgerCalls.list(before.length + b.number);
        for (uint256 i = 0; i < before.length; ++i) entries[i] = before[i];
        uint256 size = 4 + p.count * 4;
        bytes memory positions = new bytes(b.number * size + 32);
        uint256 out;
        assembly ("memory-safe") {
            out := add(positions, 0x20)
        }
        uint256 pointer = b.pointer;
        unchecked {
            for (uint256 i = 0; i < b.number; ++i) {
                entries[before.length + i] = _serveOne(p, pointer, out, b.words[i]);
                pointer += b.stride;
                out += size;
            }
        }
        assembly ("memory-safe") {
            mstore(positions, sub(mload(positions), 32))
        }
        p.positions = keccak256(positions);
    }

    function _serveOne(Book memory p, uint256 pointer, uint256 out, uint256 word) internal pure returns (uint256) {
        uint256 account = CurveOrders.accountAt(pointer);
        bool absent = account & CurveOrders.ABSENT != 0;
        account &= ~CurveOrders.ABSENT;
        assembly ("memory-safe") {
            mstore(out, shl(224, account))
        }
        if (absent) return account << 224;
        unchecked {
            int256 money = CurveTally.fill(p.cells, uint8(word >> 8) * p.count, p.count, pointer + 6, out + 4);
            return _entry(account, money);
        }
    }

    function _offset(bytes calldata data) internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := data.offset
        }
    }

    function _entry(uint256 account, int256 money) internal pure returns (uint256) {
        return (account << 224) | (uint256(money) & ((1 << 224) - 1));
    }
}
