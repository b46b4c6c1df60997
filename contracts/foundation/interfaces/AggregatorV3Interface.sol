// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title AggregatorV3Interface
/// @notice Chainlink's reading interface, declared anew so that contracts written for it read our feeds unchanged.
interface AggregatorV3Interface {
    /// @notice Number of decimal places of the answers.
    function decimals() external view returns (uint8);

    /// @notice What the feed measures, and in which unit.
    function description() external view returns (string memory);

    /// @notice Version of the aggregator.
    function version() external view returns (uint256);

    /// @notice Round `roundId_`, with the times it was observed (`startedAt`) and stored (`updatedAt`).
    function getRoundData(
        uint80 roundId_
    )
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @notice The latest round, whatever its age.
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
