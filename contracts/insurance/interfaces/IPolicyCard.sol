// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Policy, Series} from "./IPolicyBook.sol";
import {SeriesAccount} from "./IUnderwritingPool.sol";

/// @title IPolicyCard
/// @notice Draws a policy: its metadata with an SVG card, as data URIs, from what is on chain and nothing else.
interface IPolicyCard {
    /// @notice The token URI of a policy.
    function uri(
        uint256 policyId,
        Series calldata series,
        Policy calldata policy,
        SeriesAccount calldata account
    ) external view returns (string memory);
}
