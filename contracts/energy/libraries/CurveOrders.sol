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
            let length := mload(accounts)
            for {} lt(unordered, length) {
                unordered := add(unordered, 1)
            } {
                let account := and(shr(224, calldataload(pointer)), 0x7fffffff)
                if iszero(gt(account, last)) {
                    break
                }
                mstore(place, account)
                last := account
                place := add(place, 0x20)
                pointer := add(pointer, stride_)
            }
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
}
