// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AggregatorV3Interface} from "./interfaces/AggregatorV3Interface.sol";
import {FeedId, FeedRound} from "./interfaces/IFeedReader.sol";
import {FeedDescription, ISensorFeeds} from "./interfaces/ISensorFeeds.sol";

/// @title FeedAggregator
/// @notice One feed behind Chainlink's `AggregatorV3Interface`. Anyone may deploy one; it holds nothing and can do nothing.
/// @dev Rounds are honest: `roundId` and `answeredInRound` are the feed's round, `startedAt` is when the sensors observed,
/// `updatedAt` when the chain stored. As with Chainlink, whether the answer is fresh is for the caller to judge.
contract FeedAggregator is AggregatorV3Interface {
    /// @notice The contract that holds the feed.
    ISensorFeeds public immutable FEEDS;

    /// @notice The feed read.
    FeedId public immutable FEED;

    /// @inheritdoc AggregatorV3Interface
    uint8 public immutable decimals;

    string private _description;

    /// @param feeds The contract that holds the feed.
    /// @param description_ The feed's description, whose digest is its id.
    constructor(ISensorFeeds feeds, FeedDescription memory description_) {
        FeedId feed = feeds.feedIdOf(description_);
        if (feeds.configOf(feed).epoch == 0) revert ISensorFeeds.FeedUnknown(feed);
        FEEDS = feeds;
        FEED = feed;
        decimals = description_.decimals;
        _description = string.concat(description_.name, " / ", description_.unit);
    }

    /// @inheritdoc AggregatorV3Interface
    function version() external pure returns (uint256) {
        return 1;
    }

    /// @inheritdoc AggregatorV3Interface
    function description() external view returns (string memory) {
        return _description;
    }

    /// @inheritdoc AggregatorV3Interface
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        return FEEDS.latestRoundData(FEED);
    }

    /// @inheritdoc AggregatorV3Interface
    function getRoundData(
        uint80 roundId_
    )
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        if (roundId_ > type(uint32).max) revert ISensorFeeds.FeedRoundUnavailable(FEED, type(uint32).max);
        FeedRound memory round = FEEDS.readRound(FEED, uint32(roundId_));
        return (roundId_, round.value, round.observedAt, round.updatedAt, roundId_);
    }
}
