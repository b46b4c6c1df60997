// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title CallMeter
/// @notice Measures what a call costs its caller, the cold account access included. For benches only.
contract CallMeter {
    error MeteredCallFailed();

    /// @notice Gas used by calling `target` with `data`, which must succeed.
    function measure(address target, bytes calldata data) external view returns (uint256 used) {
        bytes memory input = data;
        uint256 before = gasleft();
        (bool success, ) = target.staticcall(input);
        used = before - gasleft();
        if (!success) revert MeteredCallFailed();
    }
}
