// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ShareVerifier} from "../../foundation/ShareVerifier.sol";

/// @notice One heir as the manifest names it: the wallet, and the account of the heir's share of the first lock.
struct WillHeir {
    address wallet;
    address share;
}

/// @title WillLeaf
/// @notice The manifest of a will as a tree: what each leaf commits to and how the root is put together.
/// @dev root = pair(guardian shares, pair(rest, ciphertext)), where
///   guardian shares  the tree over `guardianShare(j, address of r_j·G)` for each guardian
///   rest             the tree over heirs, guardians, executors, veto key, commitments, escrow, plan and terms
///   ciphertext       sha-256 of the sealed file
/// `pair` sorts and hashes its two sides. setupHash = pair(guardian shares, rest) is what the sealed file is bound to: it
/// must not contain the hash of the file itself. Leaves are longer than 64 bytes, so none can pass for an inner node.
/// The chain keeps the first 29 bytes of the root (116 bits against collisions), so that it shares a slot with the state.
library WillLeaf {
    uint8 internal constant HEIRS = 1;
    uint8 internal constant GUARDIANS = 2;
    uint8 internal constant GUARDIAN_SHARE = 3;
    uint8 internal constant EXECUTORS = 4;
    uint8 internal constant VETO_KEY = 5;
    uint8 internal constant COMMITMENTS = 6;
    /// @notice Account and encrypted form of the escrowed share N+1. Nothing on chain opens this leaf: heirs prove it to each
    /// other.
    uint8 internal constant ESCROW = 7;
    uint8 internal constant ESCROW_SHARES = 8;
    uint8 internal constant PLAN = 9;

    /// @notice Commitments to the heirs' polynomial (C), the guardians' (D) and the escrow key's (E).
    uint8 internal constant HEIR_POLYNOMIAL = 0;
    uint8 internal constant GUARDIAN_POLYNOMIAL = 1;
    uint8 internal constant ESCROW_POLYNOMIAL = 2;

    /// @dev keccak256(abi.encode(HEIRS, list.length, keccak256(abi.encode(list)))), against which it is fuzzed. The list lies
    /// in the calldata as it is hashed; an address with dirty upper bits gives another leaf, which is in no manifest.
    function heirs(WillHeir[] calldata list) internal pure returns (bytes32 leaf) {
        uint256 role = HEIRS;
        assembly ("memory-safe") {
            let free := mload(0x40)
            let size := shl(6, list.length)
            mstore(free, 0x20)
            mstore(add(free, 0x20), list.length)
            calldatacopy(add(free, 0x40), list.offset, size)
            mstore(add(free, 0x40), keccak256(free, add(size, 0x40)))
            mstore(free, role)
            leaf := keccak256(free, 0x60)
        }
    }

    function accounts(uint8 role, address[] calldata list) internal pure returns (bytes32) {
        return keccak256(abi.encode(role, list.length, keccak256(abi.encodePacked(list))));
    }

    function executors(address[] calldata list, uint8 threshold) internal pure returns (bytes32) {
        return keccak256(abi.encode(EXECUTORS, threshold, keccak256(abi.encodePacked(list))));
    }

    /// @dev keccak256(abi.encode(GUARDIAN_SHARE, index, share)), against which it is fuzzed.
    function guardianShare(uint8 index, address share) internal pure returns (bytes32 leaf) {
        uint256 role = GUARDIAN_SHARE;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, role)
            mstore(add(free, 0x20), index)
            mstore(add(free, 0x40), share)
            leaf := keccak256(free, 0x60)
        }
    }

    function vetoKey(address key, bytes32 salt) internal pure returns (bytes32) {
        return keccak256(abi.encode(VETO_KEY, key, salt));
    }

    function commitments(uint8 polynomial, ShareVerifier.Point[] calldata points) internal pure returns (bytes32) {
        return keccak256(abi.encode(COMMITMENTS, polynomial, keccak256(abi.encode(points))));
    }

    function plan(bytes32 planHash) internal pure returns (bytes32) {
        return keccak256(abi.encode(PLAN, planHash, uint256(0)));
    }

    /// @notice The first 29 bytes of the root that `leaf` and its siblings lead to.
    /// @dev As OpenZeppelin's MerkleProof.processProofCalldata, against which it is fuzzed, in the scratch space.
    function rootOf(bytes32 leaf, bytes32[] calldata proof) internal pure returns (bytes29) {
        assembly ("memory-safe") {
            let position := proof.offset
            let end := add(position, shl(5, proof.length))
            if lt(position, end) {
                for {} 1 {} {
                    let sibling := calldataload(position)
                    let side := shl(5, gt(leaf, sibling))
                    mstore(side, leaf)
                    mstore(xor(side, 0x20), sibling)
                    leaf := keccak256(0x00, 0x40)
                    position := add(position, 0x20)
                    if eq(position, end) {
                        break
                    }
                }
            }
        }
        return bytes29(leaf);
    }
}
