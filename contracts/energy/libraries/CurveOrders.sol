// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title CurveOrders
/// @notice Where the fields of an order record lie in calldata, and what its owner signs.
/// @dev Record: account 4 bytes ‖ nonce 2 ‖ count × step 6 ‖ r 32 ‖ vs 32.
library CurveOrders {
    /// @dev The EIP-712 type. `steps` are the packed steps of all slots of the book.
    bytes32 internal constant TYPEHASH = keccak256(
        "DayCurve(uint32 account,uint32 firstSlot,uint16 nonce,bytes steps)"
    );
    uint256 internal constant HEAD_BYTES = 6;
    uint256 internal constant STEP_BYTES = 6;
    uint256 internal constant SIGNATURE_BYTES = 64;
    /// @dev Top bit of the account: the record is part of the committed book but counts as absent.
    uint256 internal constant ABSENT = 1 << 31;

    /// @notice Bytes of a record with `count` steps.
    function stride(uint256 count) internal pure returns (uint256) {
        unchecked {
            return HEAD_BYTES + count * STEP_BYTES + SIGNATURE_BYTES;
        }
    }

    /// @notice Account (with the absent bit) of the record at `pointer`.
    function accountAt(uint256 pointer) internal pure returns (uint256 account) {
        assembly ("memory-safe") {
            account := shr(224, calldataload(pointer))
        }
    }

    /// @notice Reads the accounts of all records, without their absent bits, into `accounts`.
    /// @return last The last account; `previous` when there is no record.
    /// @return unordered The first record that does not ascend; the number of records when all do.
    function accountsAt(
        uint256 pointer,
        uint256 stride_,
        uint256[] memory accounts,
        uint256 previous
    ) internal pure returns (uint256 last, uint256 unordered) {
        assembly ("memory-safe") {
            last := previous
            let place := add(accounts, 0x20)
            for {
                let end := add(place, shl(5, mload(accounts)))
            } lt(place, end) {
                place := add(place, 0x20)
                pointer := add(pointer, stride_)
            } {
                mstore(place, and(shr(224, calldataload(pointer)), 0x7fffffff))
                if iszero(gt(mload(place), last)) {
                    break
                }
                last := mload(place)
            }
            unordered := shr(5, sub(place, add(accounts, 0x20)))
        }
    }

    /// @notice Hashes the record at `pointer` and recovers who signed it.
    /// @return head account 32 (with the absent bit) | nonce 16.
    /// @return hash The EIP-712 struct hash, without the absent bit.
    /// @return signer Zero for a malformed or malleable signature.
    function read(
        uint256 pointer,
        uint256 count,
        uint256 firstSlot,
        bytes32 domainSeparator
    ) internal view returns (uint256 head, bytes32 hash, address signer) {
        bytes32 typehash = TYPEHASH;
        assembly ("memory-safe") {
            let free := mload(0x40)
            let size := mul(count, 6)
            head := shr(208, calldataload(pointer))
            pointer := add(pointer, 6)
            calldatacopy(free, pointer, size)
            let stepsHash := keccak256(free, size)
            mstore(free, typehash)
            mstore(add(free, 0x20), and(shr(16, head), 0x7fffffff))
            mstore(add(free, 0x40), firstSlot)
            mstore(add(free, 0x60), and(head, 0xffff))
            mstore(add(free, 0x80), stepsHash)
            hash := keccak256(free, 0xa0)
            mstore(free, hex"1901")
            mstore(add(free, 0x02), domainSeparator)
            mstore(add(free, 0x22), hash)
            mstore(free, keccak256(free, 0x42))
            let vs := calldataload(add(add(pointer, size), 0x20))
            let s := and(vs, 0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff)
            mstore(add(free, 0x20), add(27, shr(255, vs)))
            mstore(add(free, 0x40), calldataload(add(pointer, size)))
            mstore(add(free, 0x60), s)
            // Half the order of secp256k1: above it lies the malleable twin.
            if iszero(gt(s, 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0)) {
                mstore(0, 0)
                pop(staticcall(gas(), 1, free, 0x80, 0, 0x20))
                signer := mload(0)
            }
        }
    }

    /// @notice The posted order at place `index`: slot index 1 byte ‖ account 4 ‖ step 6. The caller checks the length.
    function postAt(
        bytes calldata posted,
        uint256 index
    ) internal pure returns (uint256 slotIndex, uint32 account, uint48 step) {
        assembly ("memory-safe") {
            let word := calldataload(add(posted.offset, mul(index, 11)))
            slotIndex := shr(248, word)
            account := and(shr(216, word), 0xffffffff)
            step := and(shr(168, word), 0xffffffffffff)
        }
    }

    /// @notice The head of a chain of posted orders after one more: 224 bits of a hash.
    function chain(uint256 head, uint32 account, uint48 step) internal pure returns (uint256 next) {
        assembly ("memory-safe") {
            mstore(0x00, head)
            mstore(0x20, or(shl(224, account), shl(176, step)))
            next := shr(32, keccak256(0x00, 0x2a))
        }
    }

    /// @notice Chains the posted orders from place `next` on that belong to slot `t`, behind `head`; `chain` many times.
    /// @return The new head, and the first place that does not belong to the slot.
    function chainSlot(
        bytes calldata posted,
        uint256 next,
        uint256 end,
        uint256 t,
        uint256 head
    ) internal pure returns (uint256, uint256) {
        assembly ("memory-safe") {
            let pointer := add(posted.offset, mul(next, 11))
            for {} lt(next, end) {
                next := add(next, 1)
            } {
                let order := calldataload(pointer)
                if xor(byte(0, order), t) {
                    break
                }
                mstore(0x00, head)
                mstore(0x20, shl(8, order))
                head := shr(32, keccak256(0x00, 0x2a))
                pointer := add(pointer, 11)
            }
        }
        return (head, next);
    }

    /// @notice The plain twin of `chain`.
    function chainPlain(uint256 head, uint32 account, uint48 step) internal pure returns (uint256) {
        return uint256(keccak256(abi.encodePacked(head, account, step))) >> 32;
    }

    /// @notice The plain twin of `structHash`.
    function structHashPlain(
        uint32 account,
        uint32 firstSlot,
        uint16 nonce,
        bytes calldata steps
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(TYPEHASH, account, firstSlot, nonce, keccak256(steps)));
    }

    /// @notice A leaf of the book: account 32 bits | struct hash without its lowest 32 bits.
    function leaf(uint256 account, bytes32 hash) internal pure returns (bytes32) {
        return bytes32((account << 224) | (uint256(hash) >> 32));
    }

    /// @notice Memory from here on can be given back.
    function mark() internal pure returns (uint256 place) {
        assembly ("memory-safe") {
            place := mload(0x40)
        }
    }

    /// @notice Gives back the memory taken since `mark`; nothing in it may be used any more.
    function giveBack(uint256 place) internal pure {
        assembly ("memory-safe") {
            mstore(0x40, place)
        }
    }

    /// @notice One hash for each group of `size` leaves, into `hashes`, which must have as many words.
    function groups(bytes32[] memory leaves, uint256 size, bytes memory hashes) internal pure {
        for (uint256 g = 0; g < hashes.length / 32; ++g) {
            uint256 first = g * size;
            uint256 length = leaves.length - first < size ? leaves.length - first : size;
            assembly ("memory-safe") {
                let begin := add(add(leaves, 0x20), shl(5, first))
                mstore(add(add(hashes, 0x20), shl(5, g)), keccak256(begin, shl(5, length)))
            }
        }
    }

    /// @notice Memory for one record's position: chain 32 bytes ‖ account 4 ‖ count × 4, and 32 to spare.
    function positionBuffer(uint256 count) internal pure returns (uint256 buffer) {
        assembly ("memory-safe") {
            buffer := mload(0x40)
            mstore(0x40, add(buffer, and(add(mul(count, 4), 0x7f), not(0x1f))))
        }
    }

    /// @notice An empty position of `account`.
    function clearPosition(uint256 buffer, uint256 count, uint256 account) internal pure {
        assembly ("memory-safe") {
            calldatacopy(add(buffer, 36), calldatasize(), mul(count, 4))
            mstore(add(buffer, 4), account)
        }
    }

    /// @notice A position from calldata: account 4 ‖ count × 4.
    function copyPosition(uint256 buffer, uint256 count, uint256 pointer) internal pure {
        assembly ("memory-safe") {
            calldatacopy(add(buffer, 32), pointer, add(4, mul(count, 4)))
        }
    }

    /// @notice Slot `t` of a position, which begins behind its account.
    function positionAt(uint256 position, uint256 t) internal pure returns (int256 energyWh) {
        assembly ("memory-safe") {
            energyWh := sar(224, mload(add(position, shl(2, t))))
        }
    }

    /// @notice Appends the buffer's position to a chain of positions.
    function chainPosition(uint256 buffer, uint256 count, bytes32 chain_) internal pure returns (bytes32 next) {
        assembly ("memory-safe") {
            mstore(buffer, chain_)
            next := keccak256(buffer, add(36, mul(count, 4)))
        }
    }

    /// @notice Appends the position of the posted order at `pointer` (slot 1 ‖ account 4 ‖ Wh 4) to a chain.
    function chainPost(bytes32 chain_, uint256 pointer, int256 positionWh) internal pure returns (bytes32 next) {
        assembly ("memory-safe") {
            mstore(0x00, chain_)
            mstore(0x20, or(and(calldataload(pointer), shl(216, 0xffffffffff)), shl(184, and(positionWh, 0xffffffff))))
            next := keccak256(0x00, 41)
        }
    }

    /// @notice Cover that posted orders of an account use up in the book being settled; lasts for the transaction. A book is
    /// settled once, so nothing has to be cleared.
    function spentOf(uint256 firstSlot, uint256 account) internal view returns (uint256 micro) {
        assembly ("memory-safe") {
            micro := tload(or(shl(32, firstSlot), account))
        }
    }

    /// @notice Adds to `spentOf`.
    function spend(uint256 firstSlot, uint256 account, uint256 micro) internal {
        assembly ("memory-safe") {
            let key := or(shl(32, firstSlot), account)
            tstore(key, add(tload(key), micro))
        }
    }

    /// @notice Undoes `spend`, where the ledger itself has taken the money.
    function forget(uint256 firstSlot, uint256 account) internal {
        assembly ("memory-safe") {
            tstore(or(shl(32, firstSlot), account), 0)
        }
    }

    /// @notice The hash of records' cores: account 4 ‖ zone 2 ‖ count × step 6 each.
    function core(
        uint256 pointer,
        uint256 stride_,
        uint256 count,
        uint256[] memory words
    ) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            let place := free
            let size := mul(count, 6)
            for {
                let word := add(words, 0x20)
                let end := add(word, shl(5, mload(words)))
            } lt(word, end) {
                word := add(word, 0x20)
                pointer := add(pointer, stride_)
            } {
                mstore(place, or(and(calldataload(pointer), shl(224, 0xffffffff)), shl(208, byte(30, mload(word)))))
                calldatacopy(add(place, 6), add(pointer, 6), size)
                place := add(add(place, 6), size)
            }
            hash := keccak256(free, sub(place, free))
        }
    }

    /// @notice The hash of posted orders' cores: place 2 ‖ slot 1 ‖ account 4 ‖ step 6 each.
    function postCore(uint256 pointer, uint256[] memory places) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            let place := free
            for {
                let word := add(places, 0x20)
                let end := add(word, shl(5, mload(places)))
            } lt(word, end) {
                word := add(word, 0x20)
                pointer := add(pointer, 11)
            } {
                mstore(place, shl(240, mload(word)))
                calldatacopy(add(place, 2), pointer, 11)
                place := add(place, 13)
            }
            hash := keccak256(free, sub(place, free))
        }
    }
}
