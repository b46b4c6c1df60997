// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RotaMath} from "../community/libraries/RotaMath.sol";

/// @title RotaMeter
/// @notice Opens RotaMath to tests that compare it with the SDK's twin.
contract RotaMeter {
    /// @notice See RotaMath.start.
    function start(
        uint32 device,
        uint8 kind,
        uint16 number,
        uint8 round,
        uint256 shift,
        uint256 size
    ) external pure returns (uint256) {
        return RotaMath.start(device, kind, number, round, shift, size);
    }

    /// @notice See RotaMath.pick.
    function pick(
        uint256 available,
        uint256 loads,
        uint256 size,
        uint256 first
    ) external pure returns (bool found, uint8 seat) {
        return RotaMath.pick(available, loads, size, first);
    }
}
