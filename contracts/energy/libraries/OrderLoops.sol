// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CurveOrders} from "./CurveOrders.sol";
import {Cell} from "./UniformPrice.sol";

/// @title OrderLoops
/// @notice What every order costs, where an order is one step: the loops over records of a book of one slot and over
/// posted orders. They stop at whatever is not plain (absent, cancelled, signed by a session key, not covered …), which the
/// caller then looks at by itself; that slower way is the plain twin they are fuzzed against.
/// @dev Cells are written where `UniformPrice.add` and `.take` write: the offers' words lie 0x80 behind the bids'.
library OrderLoops {
    uint256 internal constant RECORD_BYTES = 76;
    uint256 internal constant POST_BYTES = 11;

    /// @notice Working memory of the loops: what is hashed for each record, and what does not change.
    /// @dev typehash │ account │ first slot │ nonce │ steps' hash │ 30 bytes, 0x1901 │ domain │ struct hash │
    /// cells │ last zone │ slots │ free memory pointer.
    function open(
        uint256 firstSlot,
        bytes32 domain,
        Cell[] memory cells,
        uint256 zoneCount
    ) internal pure returns (uint256 scratch) {
        bytes32 typehash = CurveOrders.TYPEHASH;
        assembly ("memory-safe") {
            scratch := mload(0x40)
            mstore(0x40, add(scratch, 0x180))
            mstore(scratch, typehash)
            mstore(add(scratch, 0x40), firstSlot)
            mstore(add(scratch, 0xa0), 0x1901)
            mstore(add(scratch, 0xc0), domain)
            mstore(add(scratch, 0x100), add(cells, 0x20))
            mstore(add(scratch, 0x120), sub(zoneCount, 1))
            mstore(add(scratch, 0x140), div(mload(cells), zoneCount))
        }
    }

    /// @notice Verifies records from place `i` on and counts them into their zones' cells; writes their leaves.
    /// @param pointer Where in calldata the records begin.
    /// @return The first record that needs a closer look; the number of records when none does.
    function countRecords(
        uint256 scratch,
        uint256 pointer,
        uint256[] memory words,
        bytes32[] memory leaves,
        uint256 i
    ) internal view returns (uint256) {
        assembly ("memory-safe") {
            // Leaves lie as far behind their words as the lists do.
            leaves := sub(leaves, words)
            // The loop works in the lowest four words, where addresses are cheapest, and restores the last two.
            mstore(add(scratch, 0x160), mload(0x40))
            pointer := add(pointer, mul(i, 76))
            i := add(add(words, 0x20), shl(5, i))
            let end := add(add(words, 0x20), shl(5, mload(words)))
            for {} lt(i, end) {
                i := add(i, 0x20)
                pointer := add(pointer, 76)
            } {
                let word := mload(i)
                // Copied, for the compiler would load from calldata again and again.
                calldatacopy(0x00, pointer, 0x20)
                // account 32 (with the absent bit) | nonce 16 | step 48
                let head := shr(160, mload(0x00))
                mstore(add(scratch, 0x20), shr(64, head))
                mstore(add(scratch, 0x60), and(shr(48, head), 0xffff))
                mstore(add(scratch, 0x80), keccak256(0x06, 0x06))
                mstore(add(scratch, 0xe0), keccak256(scratch, 0xa0))
                mstore(0x00, keccak256(add(scratch, 0xbe), 0x42))
                calldatacopy(0x40, add(pointer, 12), 0x40)
                let odd := mload(0x60)
                mstore(0x20, add(27, shr(255, odd)))
                odd := and(odd, 0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff)
                mstore(0x60, odd)
                // Where the call answers nothing the digest stays, and no digest is an address.
                pop(staticcall(gas(), 1, 0x00, 0x80, 0x00, 0x20))
                // Half the order of secp256k1: above it lies the malleable twin.
                odd := gt(odd, 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0)
                odd := or(odd, xor(mload(0x00), shr(96, word)))
                // A withdrawal announced, the absent bit, any nonce but the first, a zone that is not there.
                odd := or(odd, and(word, 2))
                odd := or(odd, and(or(shr(48, head), and(shr(16, word), 0xffff)), 0x80000000ffff))
                let cell := and(shr(8, word), 0xff)
                odd := or(odd, gt(cell, mload(add(scratch, 0x120))))
                let tick := sub(and(shr(32, head), 0x7fff), 16384)
                let offer := and(shr(47, head), 1)
                // Turned round for offers, so that what is larger is better on either side.
                let limit := add(xor(tick, sub(0, offer)), offer)
                odd := or(odd, sgt(mul(limit, and(head, 0x7fffffff)), and(shr(32, word), 0xffffffffffffffff)))
                if odd {
                    break
                }
                mstore(add(i, leaves), or(shl(224, shr(64, head)), shr(32, mload(add(scratch, 0xe0)))))
                cell := mload(add(mload(add(scratch, 0x100)), shl(5, cell)))
                limit := add(xor(sub(tick, mload(cell)), sub(0, offer)), offer)
                if sgt(limit, not(0)) {
                    cell := add(add(cell, shl(7, offer)), add(0x20, shl(5, iszero(limit))))
                    mstore(cell, add(mload(cell), and(head, 0x7fffffff)))
                }
            }
            i := shr(5, sub(i, add(words, 0x20)))
            mstore(0x40, mload(add(scratch, 0x160)))
            mstore(0x60, 0)
        }
        return i;
    }

    /// @notice Serves the records of a book of one slot, writes the entries of those that trade from `place` in memory on, and
    /// chains their positions.
    /// @return The chain, and where the entries end.
    function serveRecords(
        uint256 scratch,
        uint256 pointer,
        uint256[] memory words,
        uint256 place,
        bytes32 chain
    ) internal pure returns (bytes32, uint256) {
        assembly ("memory-safe") {
            let cells := mload(add(scratch, 0x100))
            let end := add(add(words, 0x20), shl(5, mload(words)))
            for {
                words := add(words, 0x20)
            } lt(words, end) {
                words := add(words, 0x20)
                pointer := add(pointer, 76)
            } {
                calldatacopy(0x00, pointer, 0x20)
                let head := shr(160, mload(0x00))
                let position := 0
                if lt(head, shl(95, 1)) {
                    let cell := mload(add(cells, and(shr(3, mload(words)), 0x1fe0)))
                    let offer := and(shr(47, head), 1)
                    let better := sub(sub(and(shr(32, head), 0x7fff), 16384), mload(cell))
                    better := add(xor(better, sub(0, offer)), offer)
                    if sgt(better, not(0)) {
                        position := and(head, 0x7fffffff)
                        let price := mload(cell)
                        if iszero(better) {
                            cell := add(cell, shl(7, offer))
                            let run := mload(add(cell, 0x80))
                            position := add(run, position)
                            mstore(add(cell, 0x80), position)
                            position := div(mul(position, mload(add(cell, 0x60))), mload(add(cell, 0x40)))
                            run := div(mul(run, mload(add(cell, 0x60))), mload(add(cell, 0x40)))
                            position := sub(position, run)
                        }
                        position := mul(position, sub(shl(1, offer), 1))
                        mstore(place, or(shl(224, shr(64, head)), shr(32, shl(32, mul(position, price)))))
                        place := add(place, 0x20)
                    }
                }
                mstore(0x00, chain)
                mstore(0x20, or(and(shl(160, head), shl(224, 0x7fffffff)), shl(192, and(position, 0xffffffff))))
                chain := keccak256(0x00, 40)
            }
        }
        return (chain, place);
    }

    /// @notice The accounts of posted orders, for `LedgerCalls.load`.
    function postAccounts(uint256 pointer, uint256[] memory accounts) internal pure {
        assembly ("memory-safe") {
            let place := add(accounts, 0x20)
            for {
                let end := add(place, shl(5, mload(accounts)))
            } lt(place, end) {
                place := add(place, 0x20)
            } {
                mstore(place, and(shr(216, calldataload(pointer)), 0xffffffff))
                pointer := add(pointer, 11)
            }
        }
    }

    /// @notice Counts posted orders before place `i`, the last of them first, into cells, and what they can cost into
    /// `CurveOrders.spentOf`. The orders' slots are trusted: the caller has checked them against the slots' chains.
    /// @param places Where each order's cell + 1 is written.
    /// @return One more than the first place, downwards, that needs a closer look; zero when none does.
    function countPosts(
        uint256 scratch,
        uint256 pointer,
        uint256[] memory words,
        uint256[] memory places,
        uint256 i
    ) internal returns (uint256) {
        assembly ("memory-safe") {
            pointer := add(pointer, mul(i, 11))
            for {} i {
                i := sub(i, 1)
            } {
                pointer := sub(pointer, 11)
                // slot 8 | account 32 | step 48
                let order := shr(168, calldataload(pointer))
                let word := mload(add(words, shl(5, i)))
                let cell := and(shr(8, word), 0xff)
                if or(and(word, 2), gt(cell, mload(add(scratch, 0x120)))) {
                    break
                }
                let tick := sub(and(shr(32, order), 0x7fff), 16384)
                let offer := and(shr(47, order), 1)
                let sign := sub(0, offer)
                let limit := add(xor(tick, sign), offer)
                if sgt(limit, 0) {
                    limit := mul(limit, and(order, 0x7fffffff))
                    let key := or(shl(32, mload(add(scratch, 0x40))), and(shr(48, order), 0xffffffff))
                    limit := add(limit, tload(key))
                    if gt(limit, and(shr(32, word), 0xffffffffffffffff)) {
                        break
                    }
                    tstore(key, limit)
                }
                cell := add(mul(cell, mload(add(scratch, 0x140))), shr(80, order))
                mstore(add(places, shl(5, i)), add(cell, 1))
                cell := mload(add(mload(add(scratch, 0x100)), shl(5, cell)))
                limit := add(xor(sub(tick, mload(cell)), sign), offer)
                if iszero(slt(limit, 0)) {
                    cell := add(add(cell, shl(7, offer)), add(0x20, shl(5, iszero(limit))))
                    mstore(cell, add(mload(cell), and(order, 0x7fffffff)))
                }
            }
        }
        return i;
    }

    /// @notice Serves posted orders, writes their entries, and chains their positions.
    function servePosts(
        uint256 scratch,
        uint256 pointer,
        uint256[] memory places,
        uint256[] memory entries,
        bytes32 chain
    ) internal pure returns (bytes32) {
        assembly ("memory-safe") {
            let cells := mload(add(scratch, 0x100))
            let end := add(places, shl(5, mload(places)))
            entries := sub(entries, places)
            for {} lt(places, end) {
                pointer := add(pointer, 11)
            } {
                places := add(places, 0x20)
                let cell := mload(places)
                if iszero(cell) {
                    mstore(add(places, entries), 0)
                    continue
                }
                cell := mload(add(cells, shl(5, sub(cell, 1))))
                let order := shr(168, calldataload(pointer))
                let position := 0
                let money := mload(cell)
                let offer := and(shr(47, order), 1)
                let better := sub(sub(and(shr(32, order), 0x7fff), 16384), money)
                better := add(xor(better, sub(0, offer)), offer)
                if iszero(slt(better, 0)) {
                    position := and(order, 0x7fffffff)
                    if iszero(better) {
                        cell := add(cell, shl(7, offer))
                        let run := mload(add(cell, 0x80))
                        position := add(run, position)
                        mstore(add(cell, 0x80), position)
                        position := div(mul(position, mload(add(cell, 0x60))), mload(add(cell, 0x40)))
                        run := div(mul(run, mload(add(cell, 0x60))), mload(add(cell, 0x40)))
                        position := sub(position, run)
                    }
                    position := mul(position, sub(shl(1, offer), 1))
                }
                money := mul(position, money)
                mstore(add(places, entries), or(shl(224, shr(48, order)), shr(32, shl(32, money))))
                mstore(0x00, chain)
                mstore(0x20, or(shl(216, shr(48, order)), shl(184, and(position, 0xffffffff))))
                chain := keccak256(0x00, 41)
            }
        }
        return chain;
    }
}
