// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {WillAcceptance} from "../interfaces/IWillRegistry.sol";

/// @title WillSignatures
/// @notice Signatures of people (accounts of either kind) and of shares (secp256k1 only).
library WillSignatures {
    /// @dev Above half the order of the curve a signature has a twin with a lower s: refused, as OpenZeppelin's ECDSA does,
    /// against which both functions are fuzzed.
    uint256 private constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    /// @notice Whether `signer` signed `digest`: as a key in 65 bytes with low s, else as an ERC-1271 account.
    /// @dev Tries the key first, which saves asking for the account's code in the common case.
    function isValid(address signer, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        if (signer != address(0) && signerOf(digest, signature) == signer) return true;
        return SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature);
    }

    /// @notice The EIP-712 digest of a message of six words, the first of them its type hash.
    function digestOf(bytes32 domain, bytes32[6] memory message) internal pure returns (bytes32) {
        bytes32 structHash;
        assembly ("memory-safe") {
            structHash := keccak256(message, 0xc0)
        }
        return MessageHashUtils.toTypedDataHash(domain, structHash);
    }

    /// @notice The key that signed `digest` in 65 bytes with low s; zero when the signature is malformed.
    /// @dev A failed `ecrecover` returns nothing, so the zero written first remains.
    function signerOf(bytes32 digest, bytes calldata signature) internal view returns (address signer) {
        assembly ("memory-safe") {
            let s := calldataload(add(signature.offset, 0x20))
            if and(eq(signature.length, 65), iszero(gt(s, HALF_ORDER))) {
                let free := mload(0x40)
                mstore(free, digest)
                mstore(add(free, 0x20), byte(0, calldataload(add(signature.offset, 0x40))))
                mstore(add(free, 0x40), calldataload(signature.offset))
                mstore(add(free, 0x60), s)
                mstore(0x00, 0)
                pop(staticcall(gas(), 1, free, 0x80, 0x00, 0x20))
                signer := mload(0x00)
            }
        }
    }

    /// @notice The key that signed `digest` (EIP-2098, low s); zero when the signature is malformed.
    function signerOf(bytes32 digest, bytes32 r, bytes32 vs) internal view returns (address signer) {
        assembly ("memory-safe") {
            let s := shr(1, shl(1, vs))
            if iszero(gt(s, HALF_ORDER)) {
                let free := mload(0x40)
                mstore(free, digest)
                mstore(add(free, 0x20), add(27, shr(255, vs)))
                mstore(add(free, 0x40), r)
                mstore(add(free, 0x60), s)
                mstore(0x00, 0)
                pop(staticcall(gas(), 1, free, 0x80, 0x00, 0x20))
                signer := mload(0x00)
            }
        }
    }

    /// @notice The keys that signed `digest` as the wallet's and as the share's half of an acceptance, each as
    /// {signerOf} has it.
    function signersOf(
        bytes32 digest,
        WillAcceptance calldata acceptance
    ) internal view returns (address wallet, address share) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, digest)
            for {
                let position := add(acceptance, 0x40)
            } 1 {
                position := acceptance
            } {
                let vs := calldataload(add(position, 0x20))
                let s := shr(1, shl(1, vs))
                mstore(add(free, 0x20), add(27, shr(255, vs)))
                mstore(add(free, 0x40), calldataload(position))
                mstore(add(free, 0x60), s)
                mstore(0x00, 0)
                if iszero(gt(s, HALF_ORDER)) {
                    pop(staticcall(gas(), 1, free, 0x80, 0x00, 0x20))
                }
                if eq(position, acceptance) {
                    wallet := mload(0x00)
                    break
                }
                share := mload(0x00)
            }
        }
    }
}
