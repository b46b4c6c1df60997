// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SeriesAccount} from "./IPolicySettlement.sol";

/// @title IPolicyCard
/// @notice Draws a policy: its metadata with an SVG card, as data URIs, from what is on chain and nothing else.
interface IPolicyCard {
    /// @notice The token URI of a policy that insures `sumUnits`.
    function uri(
        uint256 policyId,
        uint256 sumUnits,
        SeriesAccount calldata account
    ) external view returns (string memory);
}
