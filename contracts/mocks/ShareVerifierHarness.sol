// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ShareVerifier} from "../foundation/ShareVerifier.sol";

/// @title ShareVerifierHarness
/// @notice Makes the library callable from TypeScript.
contract ShareVerifierHarness {
    function shareAddress(uint256 share) external view returns (address) {
        return ShareVerifier.shareAddress(share);
    }

    function multiplied(ShareVerifier.Point calldata point, uint256 scalar) external pure returns (address) {
        return ShareVerifier.multiplied(point, scalar);
    }

    function isCommitted(
        ShareVerifier.Point[] calldata commitments,
        uint8 index,
        ShareVerifier.Point calldata hint
    ) external pure returns (bool) {
        return ShareVerifier.isCommitted(commitments, index, hint);
    }
}
