// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title IERC7878
/// @notice ERC-7878, Bequeathable Contracts: what wallets and explorers that know this standard ask and call.
interface IERC7878 {
    /// @notice An obituary of `owner` was announced; `inheritor` gets what is bequeathed.
    event ObituaryStarted(address indexed owner, address indexed inheritor);
    /// @notice The obituary of `owner` was cancelled.
    event ObituaryCancelled(address indexed owner, address indexed cancelledBy);

    /// @notice Sets the sender's will.
    function setWill(address[] memory executors, uint256 moratoriumTTL) external;

    /// @notice The executors of the owner's will, and the seconds between an obituary and the transfer.
    function getWill(address owner) external view returns (address[] memory executors, uint256 moratoriumTTL);

    /// @notice Announces the obituary of `owner`.
    function announceObit(address owner, address inheritor) external;

    /// @notice Cancels it.
    function cancelObit(address owner) external;

    /// @notice The inheritor, and the seconds left before the transfer; below zero when they are over.
    function getObit(address owner) external view returns (address inheritor, int256 moratoriumTTL);

    /// @notice Transfers to the inheritor once the time is over.
    function bequeath(address owner) external;
}
