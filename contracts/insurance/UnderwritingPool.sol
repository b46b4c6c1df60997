// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {CapitalVault} from "./base/CapitalVault.sol";
import {IReinsuranceTower} from "./interfaces/IReinsuranceTower.sol";
import {
    Cover,
    IUnderwritingPool,
    Payee,
    SeriesAccount,
    SeriesId,
    SeriesState
} from "./interfaces/IUnderwritingPool.sol";

/// @title UnderwritingPool
/// @notice Investors' capital behind series of cover. See `IUnderwritingPool`.
contract UnderwritingPool is CapitalVault {
    using SafeERC20 for IERC20;

    /// @dev | 128 free | 64 exposure units | 64 cap units |
    struct Zone {
        uint64 cap;
        uint64 exposure;
    }

    /// @inheritdoc IUnderwritingPool
    address public immutable BOOK;
    /// @inheritdoc IUnderwritingPool
    address public immutable SETTLEMENT;
    /// @inheritdoc IUnderwritingPool
    address public immutable TOWER;

    mapping(SeriesId series => uint256 word) private _series;
    mapping(uint32 zone => Zone state) private _zones;

    modifier only(address expected) {
        if (msg.sender != expected) revert PoolCallerUnknown(msg.sender);
        _;
    }

    /// @param asset_ The money of this pool.
    /// @param manager The deployment's AccessManager, which appoints who sets caps.
    /// @param book The contract that sells policies; for a layer, the tower it stands in.
    /// @param settlement The contract that settles them; for a layer, the pool it stands behind.
    /// @param tower The tower of layers behind this pool; zero for none.
    /// @param cooldown Seconds a request to leave waits; at least the longest dispute window.
    constructor(
        IERC20 asset_,
        string memory name_,
        string memory symbol_,
        address manager,
        address book,
        address settlement,
        address tower,
        uint40 cooldown
    ) CapitalVault(asset_, name_, symbol_, manager, cooldown) {
        BOOK = book;
        SETTLEMENT = settlement;
        TOWER = tower;
        // The tower takes the layers' premium from here, within `write` and nothing else.
        if (tower != address(0)) asset_.forceApprove(tower, type(uint256).max);
    }

    // ── read ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IUnderwritingPool
    function seriesOf(SeriesId series) external view returns (SeriesAccount memory account) {
        return _loadSeries(series);
    }

    /// @inheritdoc IUnderwritingPool
    function openSeries() external view returns (uint256) {
        return _loadLedger().openSeries;
    }

    /// @inheritdoc IUnderwritingPool
    function zoneOf(uint32 zone) external view returns (uint64 capUnits, uint64 exposureUnits) {
        return (_zones[zone].cap, _zones[zone].exposure);
    }

    // ── write ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IUnderwritingPool
    function accept(
        SeriesId series,
        uint40 start,
        uint40 end,
        uint40 settleBy
    ) external only(BOOK) returns (uint8 window) {
        Ledger memory ledger = _loadLedger();
        window = _windowFor(ledger, start, end);
        ++ledger.openSeries;
        _storeLedger(ledger);
        SeriesAccount memory account;
        account.state = SeriesState.Open;
        _storeSeries(series, account);
        if (settleBy > _config.riskUntil) _config.riskUntil = settleBy;
        emit SeriesAccepted(series, start, end, window);
        if (TOWER != address(0)) IReinsuranceTower(TOWER).accept(series, start, end, settleBy);
    }

    /// @inheritdoc IUnderwritingPool
    function write(
        Cover calldata cover,
        uint64 seriesCapUnits
    ) external only(BOOK) nonReentrant returns (uint32 index) {
        SeriesAccount memory account = _openSeries(cover.series);
        index = account.count;
        uint256 exposure = uint256(account.exposure) + cover.exposureUnits;
        if (exposure > seriesCapUnits) revert PoolSeriesCapExceeded(cover.series, exposure, seriesCapUnits);
        if (cover.zone != 0) _enterZone(cover.zone, cover.exposureUnits);
        account.exposure = uint64(exposure);
        account.premium += cover.premiumUnits;
        account.count = index + 1;
        _storeSeries(cover.series, account);

        uint64 ceded;
        uint64 premium = cover.premiumUnits;
        if (TOWER != address(0)) {
            uint64 cededPremium;
            (ceded, cededPremium) = IReinsuranceTower(TOWER).share(
                address(this),
                cover.series,
                account.exposure,
                premium
            );
            premium -= cededPremium;
        }
        // What could go back as premium must not exceed what is locked.
        if (premium != 0 && premium + ceded >= cover.exposureUnits)
            revert PoolPremiumTooHigh(premium + ceded, cover.exposureUnits);
        _lock(cover.exposureUnits, ceded, premium);
        _windows[cover.window].premium += premium;
        _pull(cover.party, cover.premiumUnits * UNIT);
        if (TOWER != address(0)) IReinsuranceTower(TOWER).cede(cover.series, account.exposure, cover.premiumUnits);
    }

    /// @inheritdoc IUnderwritingPool
    function release(
        Cover calldata cover,
        uint64 refundUnits
    ) external only(BOOK) nonReentrant returns (uint256 refund) {
        SeriesAccount memory account = _openSeries(cover.series);
        account.exposure -= cover.exposureUnits;
        account.premium -= cover.premiumUnits;
        _storeSeries(cover.series, account);
        if (cover.zone != 0) _zones[cover.zone].exposure -= cover.exposureUnits;
        uint64 freed;
        uint64 cededPremium;
        if (TOWER != address(0))
            (freed, cededPremium, refund) = IReinsuranceTower(TOWER).release(
                cover.series,
                account.exposure,
                cover.premiumUnits,
                refundUnits
            );
        uint256 unearned = _leaveWindow(cover.window, cover.premiumUnits - cededPremium);
        uint256 own = Math.min(refundUnits * UNIT - refund, unearned);
        Ledger memory ledger = _loadLedger();
        ledger.locked = ledger.locked + freed - cover.exposureUnits;
        ledger.accounted -= own;
        _storeLedger(ledger);
        refund += own;
        emit CoverReleased(cover.series, cover.party, cover.exposureUnits, refund);
        _send(cover.party, refund);
    }

    /// @inheritdoc IUnderwritingPool
    function decide(
        SeriesId series,
        uint32 zone,
        uint16 payoutBps,
        bool refunding
    ) external only(SETTLEMENT) nonReentrant {
        SeriesAccount memory account = _openSeries(series);
        uint64 exposure = account.exposure;
        uint64 reserve = refunding ? account.premium : uint64((uint256(exposure) * payoutBps) / FULL_BPS);
        if (zone != 0) _zones[zone].exposure -= exposure;
        uint64 drawn;
        uint64 ceded;
        if (TOWER != address(0))
            (drawn, ceded) = IReinsuranceTower(TOWER).draw(series, account, payoutBps, reserve, refunding);

        Ledger memory ledger = _loadLedger();
        --ledger.openSeries;
        ledger.locked = ledger.locked + ceded - exposure;
        ledger.reserved += reserve;
        ledger.accounted += drawn * UNIT;
        _storeLedger(ledger);
        account.exposure = reserve;
        account.payoutBps = payoutBps;
        account.decidedAt = uint40(block.timestamp);
        account.state =
            reserve == 0
                ? SeriesState.Closed
                : refunding
                    ? SeriesState.Refunding
                    : SeriesState.Paying;
        _storeSeries(series, account);
        emit LossReserved(series, account.state, payoutBps, reserve);
    }

    /// @inheritdoc IUnderwritingPool
    function pay(SeriesId series, uint32 advance, Payee[] calldata payees) external only(SETTLEMENT) nonReentrant {
        SeriesAccount memory account = _loadSeries(series);
        if (account.state != SeriesState.Paying && account.state != SeriesState.Refunding)
            revert PoolSeriesState(series, account.state);
        uint64 total;
        for (uint256 i; i < payees.length; ++i) total += payees[i].units;
        // Checked: the reserve bounds what is paid, whatever the settlement asks.
        account.exposure -= total;
        account.cursor += advance;

        Ledger memory ledger = _loadLedger();
        ledger.reserved -= total;
        ledger.accounted -= total * UNIT;
        if (account.cursor >= account.count) {
            emit SeriesClosed(series, account.exposure);
            ledger.reserved -= account.exposure;
            account.exposure = 0;
            account.state = SeriesState.Closed;
        }
        _storeLedger(ledger);
        _storeSeries(series, account);

        for (uint256 i; i < payees.length; ++i) {
            Payee calldata payee = payees[i];
            uint256 amount = payee.units * UNIT;
            emit PolicyPaid(payee.policyId, payee.holder, amount);
            _send(payee.holder, amount);
        }
    }

    /// @inheritdoc IUnderwritingPool
    function draw(SeriesId series, uint64 lossUnits) external only(BOOK) nonReentrant {
        SeriesAccount memory account = _openSeries(series);
        Ledger memory ledger = _loadLedger();
        --ledger.openSeries;
        ledger.locked -= account.exposure;
        ledger.accounted -= lossUnits * UNIT;
        _storeLedger(ledger);
        account.exposure = 0;
        account.decidedAt = uint40(block.timestamp);
        account.state = SeriesState.Closed;
        _storeSeries(series, account);
        emit LayerDrawn(series, SETTLEMENT, lossUnits);
        if (lossUnits != 0) IERC20(asset()).safeTransfer(SETTLEMENT, lossUnits * UNIT);
    }

    /// @inheritdoc IUnderwritingPool
    function setZoneCap(uint32 zone, uint64 capUnits) external restricted {
        if (zone == 0) revert PoolNothingToDo();
        _zones[zone].cap = capUnits;
        emit ZoneCapChanged(zone, capUnits);
    }

    // ── internal ────────────────────────────────────────────────────────────────────────────────────────────────────

    function _loadSeries(SeriesId series) private view returns (SeriesAccount memory account) {
        uint256 word = _series[series];
        account.exposure = uint64(word);
        account.premium = uint64(word >> 64);
        account.count = uint32(word >> 128);
        account.cursor = uint32(word >> 160);
        account.payoutBps = uint16(word >> 192);
        account.state = SeriesState(uint8(word >> 208));
        account.decidedAt = uint40(word >> 216);
    }

    function _storeSeries(SeriesId series, SeriesAccount memory account) private {
        _series[series] =
            account.exposure |
            (uint256(account.premium) << 64) |
            (uint256(account.count) << 128) |
            (uint256(account.cursor) << 160) |
            (uint256(account.payoutBps) << 192) |
            (uint256(account.state) << 208) |
            (uint256(account.decidedAt) << 216);
    }

    function _openSeries(SeriesId series) private view returns (SeriesAccount memory account) {
        account = _loadSeries(series);
        if (account.state != SeriesState.Open) revert PoolSeriesState(series, account.state);
    }

    function _enterZone(uint32 zone, uint64 exposureUnits) private {
        Zone memory state = _zones[zone];
        uint256 exposure = uint256(state.exposure) + exposureUnits;
        if (exposure > state.cap) revert PoolZoneCapExceeded(zone, exposure, state.cap);
        _zones[zone].exposure = uint64(exposure);
    }
}
