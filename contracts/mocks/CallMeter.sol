// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title CallMeter
/// @notice Measures what a call costs its caller, the cold account access included. For benches only.
contract CallMeter {
    error MeteredCallFailed();

    address private constant IDENTITY = address(4);

    /// @notice Gas used by calling `target` with `data`, which must succeed.
    /// @dev What the measuring itself costs is found with the identity precompile, whose price is known, and taken off.
    function measure(address target, bytes calldata data) external view returns (uint256) {
        bytes memory input = data;
        uint256 known = 100 + 15 + 3 * ((input.length + 31) / 32);
        uint256 overhead = _used(IDENTITY, input) - known;
        return _used(target, input) - overhead;
    }

    function _used(address target, bytes memory input) private view returns (uint256 used) {
        uint256 before = gasleft();
        (bool success, ) = target.staticcall(input);
        used = before - gasleft();
        if (!success) revert MeteredCallFailed();
    }
}
