// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {WillState} from "../interfaces/IWillRegistry.sol";

/// @notice The slot of the seal: all that release and publication need. 256 bits:
///   0..15    published          bit j−1: guardian j
///  16..23    stage              None while the testator has a say, or the state that ended it
///  24..255   root               first 29 bytes of the manifest root
type Seal is bytes32;

using WillSeal for Seal global;

/// @title WillSeal
/// @notice Reads and changes the slot of the seal as one word: publishing a share is what every guardian pays for.
library WillSeal {
    /// @notice A fresh seal: the testator has a say, nothing is published.
    function sealed_(bytes29 manifestRoot) internal pure returns (Seal) {
        return Seal.wrap(manifestRoot);
    }

    function root(Seal word) internal pure returns (bytes29) {
        return bytes29(Seal.unwrap(word));
    }

    function stage(Seal word) internal pure returns (WillState) {
        return WillState(uint8(uint256(Seal.unwrap(word)) >> 16));
    }

    /// @notice Whether guardians may publish: after the release, until the estate is settled.
    function isPublishing(Seal word) internal pure returns (bool) {
        // Released is even and Opened follows it: they differ in the lowest bit only.
        return (uint256(Seal.unwrap(word)) >> 17) & 0x7f == uint8(WillState.Released) >> 1;
    }

    function published(Seal word) internal pure returns (uint16) {
        return uint16(uint256(Seal.unwrap(word)));
    }

    function isPublished(Seal word, uint16 bit) internal pure returns (bool) {
        return uint256(Seal.unwrap(word)) & bit != 0;
    }

    function withStage(Seal word, WillState next) internal pure returns (Seal) {
        bytes32 cleared = Seal.unwrap(word) & ~bytes32(uint256(0xff) << 16);
        return Seal.wrap(cleared | bytes32(uint256(uint8(next)) << 16));
    }

    function withPublished(Seal word, uint16 bit) internal pure returns (Seal) {
        return Seal.wrap(Seal.unwrap(word) | bytes32(uint256(bit)));
    }
}
