// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IPolicyBook} from "./interfaces/IPolicyBook.sol";
import {ISeriesRegistry, Series, Terms} from "./interfaces/ISeriesRegistry.sol";
import {SeriesId} from "./interfaces/IUnderwritingPool.sol";
import {IndexEngine} from "./libraries/IndexEngine.sol";
import {SeriesBlob} from "./libraries/SeriesBlob.sol";

/// @title SeriesRegistry
/// @notice Opens series of cover. See `ISeriesRegistry`.
contract SeriesRegistry is ISeriesRegistry, AccessManaged {
    uint256 private constant FULL_BPS = 10_000;
    uint256 private constant MAX_ROUNDS = 512;

    uint64 private _seriesCount;

    /// @param manager The deployment's AccessManager, which appoints who opens series.
    constructor(address manager) AccessManaged(manager) {}

    // ── read ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc ISeriesRegistry
    function seriesOf(SeriesId series) external view returns (Series memory) {
        return SeriesBlob.load(this, series).unpack();
    }

    /// @inheritdoc ISeriesRegistry
    function seriesCount() external view returns (uint256) {
        return _seriesCount;
    }

    // ── write ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc ISeriesRegistry
    function openSeries(Terms calldata terms) external restricted returns (SeriesId series) {
        _check(terms);
        series = SeriesId.wrap(++_seriesCount);
        uint40 settleBy = terms.end + 2 * (uint40(terms.grace) + terms.disputeWindow);
        uint64 unit = uint64(terms.pool.unit());
        IPolicyBook book = IPolicyBook(terms.pool.BOOK());
        uint8 window = book.accept(series, terms.pool, terms.start, terms.end, settleBy);
        SeriesBlob.write(series, Series(terms, unit, window));
        emit SeriesOpened(series, address(terms.pool), terms.name);
    }

    // ── internal ────────────────────────────────────────────────────────────────────────────────────────────────────

    function _check(Terms calldata terms) private view {
        if (terms.leadTime > terms.start || terms.start - terms.leadTime <= block.timestamp)
            revert PolicyTermsInvalid("start");
        if (terms.end <= terms.start) revert PolicyTermsInvalid("end");
        if (terms.firstRound == 0 || terms.firstRound > terms.lastRound) revert PolicyTermsInvalid("firstRound");
        if (terms.lastRound - terms.firstRound >= MAX_ROUNDS) revert PolicyTermsInvalid("lastRound");
        if (terms.seasonValues > MAX_ROUNDS) revert PolicyTermsInvalid("seasonValues");
        if (terms.seasonValues != 0 && terms.lastRound != terms.firstRound) revert PolicyTermsInvalid("lastRound");
        if (terms.cancelUntil > terms.end) revert PolicyTermsInvalid("cancelUntil");
        if (terms.cancelFeeBps > FULL_BPS) revert PolicyTermsInvalid("cancelFeeBps");
        if (terms.floorBps > FULL_BPS) revert PolicyTermsInvalid("floorBps");
        if (!IndexEngine.isValid(terms.index, terms.seasonValues != 0)) revert PolicyTermsInvalid("index");
    }
}
