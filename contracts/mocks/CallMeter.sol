// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title CallMeter
/// @notice Measures what one view call costs a contract that makes it, for the benches.
contract CallMeter {
    error MeteredCallFailed(bytes reason);

    address private constant IDENTITY = address(4);

    /// @notice Gas of a static call, the cold account access (2,600) included.
    /// @dev What the measuring itself costs is found with the identity precompile, whose price is known, and taken off.
    function measure(address target, bytes memory data) external view returns (uint256 used) {
        uint256 known = 100 + 15 + 3 * ((data.length + 31) / 32);
        (uint256 identity, ) = _measure(IDENTITY, data);
        (used, ) = _measure(target, data);
        used -= identity - known;
    }

    /// @notice Gas of a static call to an account touched before: 100 for the call plus everything the callee does,
    /// its storage still cold.
    function measureInner(address target, bytes memory data) external view returns (uint256 used, bytes memory result) {
        if (target.code.length == 0) revert MeteredCallFailed("");
        return _measure(target, data);
    }

    function _measure(address target, bytes memory data) private view returns (uint256 used, bytes memory result) {
        bool success;
        uint256 before = gasleft();
        (success, result) = target.staticcall(data);
        used = before - gasleft();
        if (!success) revert MeteredCallFailed(result);
    }
}
