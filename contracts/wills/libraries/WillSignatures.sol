// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title WillSignatures
/// @notice Signatures of people (accounts of either kind) and of shares (secp256k1 only).
library WillSignatures {
    /// @notice Whether `signer` signed `digest`: as a key in 65 bytes with low s, else as an ERC-1271 account.
    /// @dev Tries the key first, which saves asking for the account's code in the common case.
    function isValid(address signer, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        (address recovered, ECDSA.RecoverError problem, ) = ECDSA.tryRecoverCalldata(digest, signature);
        if (problem == ECDSA.RecoverError.NoError && recovered == signer) return true;
        return SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature);
    }

    /// @notice The account of the share that signed `digest` (EIP-2098, low s); zero when the signature is malformed.
    function shareOf(bytes32 digest, bytes32 r, bytes32 vs) internal pure returns (address share) {
        (address recovered, ECDSA.RecoverError problem, ) = ECDSA.tryRecover(digest, r, vs);
        return problem == ECDSA.RecoverError.NoError ? recovered : address(0);
    }
}
