// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FeedId, FeedRound, IFeedReader} from "../foundation/interfaces/IFeedReader.sol";

/// @title ScriptedFeeds
/// @notice A feed that says whatever the test wrote, without signatures.
contract ScriptedFeeds is IFeedReader {
    error ScriptedRoundMissing(FeedId feed, uint32 round);

    mapping(FeedId feed => mapping(uint32 round => FeedRound data)) private _rounds;
    mapping(FeedId feed => uint32 round) private _latest;

    /// @notice Writes a round, stored now.
    function set(FeedId feed, uint32 round, int128 value, uint40 observedAt) external {
        _rounds[feed][round] = FeedRound(value, observedAt, uint40(block.timestamp), round, 0);
        _latest[feed] = round;
    }

    /// @notice Writes many rounds at once, one every `step` seconds from `observedAt`, stored now.
    function fill(FeedId feed, uint32 round, int128[] calldata values, uint40 observedAt, uint40 step) external {
        for (uint256 i; i < values.length; ++i) {
            _rounds[feed][round] = FeedRound(values[i], observedAt, uint40(block.timestamp), round, 0);
            _latest[feed] = round++;
            observedAt += step;
        }
    }

    /// @inheritdoc IFeedReader
    function read(FeedId feed) external view returns (FeedRound memory) {
        return readRound(feed, _latest[feed]);
    }

    /// @inheritdoc IFeedReader
    function tryRead(FeedId feed) external view returns (FeedRound memory, bool) {
        return (_rounds[feed][_latest[feed]], true);
    }

    /// @inheritdoc IFeedReader
    function readRound(FeedId feed, uint32 number) public view returns (FeedRound memory) {
        if (_rounds[feed][number].round == 0) revert ScriptedRoundMissing(feed, number);
        return _rounds[feed][number];
    }
}
