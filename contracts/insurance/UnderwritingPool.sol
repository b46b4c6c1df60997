// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {
    IUnderwritingPool,
    Payee,
    SeriesAccount,
    SeriesId,
    SeriesState,
    WithdrawalTicket
} from "./interfaces/IUnderwritingPool.sol";

/// @title UnderwritingPool
/// @notice Investors' capital behind series of cover. See `IUnderwritingPool`.
contract UnderwritingPool is IUnderwritingPool, ERC4626, AccessManaged, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @dev | 64 reserved units | 64 locked units | 128 accounted base units |
    struct Ledger {
        uint128 accounted;
        uint64 locked;
        uint64 reserved;
    }

    /// @dev | 48 free | 40 riskUntil | 32 tail | 32 head | 8 windows | 64 cap units | 32 free |
    struct Config {
        uint64 cap;
        uint8 windows;
        uint32 head;
        uint32 tail;
        uint40 riskUntil;
    }

    /// @dev A span of time over which premium is earned evenly; series with the same dates share one.
    struct Window {
        uint64 premium;
        uint40 start;
        uint40 end;
    }

    struct Zone {
        uint64 cap;
        uint64 exposure;
    }

    uint256 private constant FULL_BPS = 10_000;
    uint256 private constant MAX_WINDOWS = 16;
    /// @dev A failed payment counts as failed only while at least this much gas was left after it.
    uint256 private constant GAS_FLOOR = 50_000;

    /// @notice The contract that sells policies.
    address public immutable BOOK;
    /// @notice The contract that decides and settles them.
    address public immutable SETTLEMENT;
    /// @notice How long a request to leave waits at least.
    uint40 public immutable COOLDOWN;
    uint256 private immutable UNIT;

    Ledger private _ledger;
    Config private _config;
    Window[MAX_WINDOWS] private _windows;
    mapping(SeriesId series => SeriesAccount account) private _series;
    mapping(uint32 zone => Zone state) private _zones;
    mapping(uint256 ticket => WithdrawalTicket request) private _tickets;

    /// @inheritdoc IUnderwritingPool
    mapping(address account => uint256 amount) public claimable;

    modifier only(address expected) {
        if (msg.sender != expected) revert PoolCallerUnknown(msg.sender);
        _;
    }

    /// @param asset_ The money of this pool.
    /// @param manager The deployment's AccessManager, which appoints who sets caps.
    /// @param book The contract that sells policies.
    /// @param settlement The contract that settles them.
    /// @param cooldown Seconds a request to leave waits; at least the longest dispute window.
    constructor(
        IERC20 asset_,
        string memory name_,
        string memory symbol_,
        address manager,
        address book,
        address settlement,
        uint40 cooldown
    ) ERC20(name_, symbol_) ERC4626(asset_) AccessManaged(manager) {
        BOOK = book;
        SETTLEMENT = settlement;
        COOLDOWN = cooldown;
        uint8 assetDecimals = decimals() - _decimalsOffset();
        UNIT = assetDecimals > 6 ? 10 ** (assetDecimals - 6) : 1;
        _config.cap = type(uint64).max;
    }

    // ── read ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IUnderwritingPool
    function unit() external view returns (uint256) {
        return UNIT;
    }

    /// @inheritdoc IUnderwritingPool
    function seriesOf(SeriesId series) external view returns (SeriesAccount memory account) {
        return _series[series];
    }

    /// @inheritdoc IUnderwritingPool
    function balances() external view returns (uint256 accounted, uint256 unearned, uint256 reserved, uint256 locked) {
        Ledger memory ledger = _ledger;
        return (ledger.accounted, _unearned(), ledger.reserved * UNIT, ledger.locked * UNIT);
    }

    /// @inheritdoc ERC4626
    function totalAssets() public view override returns (uint256) {
        return _ownAssets(_ledger);
    }

    /// @inheritdoc IUnderwritingPool
    function freeAssets() public view returns (uint256) {
        Ledger memory ledger = _ledger;
        return _ownAssets(ledger) - ledger.locked * UNIT;
    }

    /// @inheritdoc IUnderwritingPool
    function ticketOf(uint256 ticket) external view returns (WithdrawalTicket memory) {
        return _tickets[ticket];
    }

    /// @inheritdoc IUnderwritingPool
    function queue() external view returns (uint256 head, uint256 tail) {
        return (_config.head, _config.tail);
    }

    /// @inheritdoc IUnderwritingPool
    function zoneOf(uint32 zone) external view returns (uint64 capUnits, uint64 exposureUnits) {
        return (_zones[zone].cap, _zones[zone].exposure);
    }

    /// @notice Zero: leaving goes through `requestWithdrawal` and `serveWithdrawals`.
    function maxWithdraw(address) public pure override returns (uint256) {
        return 0;
    }

    /// @notice Zero: leaving goes through `requestWithdrawal` and `serveWithdrawals`.
    function maxRedeem(address) public pure override returns (uint256) {
        return 0;
    }

    // ── write: investors ────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IUnderwritingPool
    function requestWithdrawal(uint256 shares) external nonReentrant returns (uint256 ticket) {
        if (shares == 0) revert PoolNothingToDo();
        Config memory config = _config;
        ticket = config.tail;
        _config.tail = config.tail + 1;
        uint40 cooledAt = uint40(block.timestamp) + COOLDOWN;
        _tickets[ticket] = WithdrawalTicket(msg.sender, cooledAt, config.riskUntil, shares);
        _transfer(msg.sender, address(this), shares);
        emit WithdrawalRequested(ticket, msg.sender, shares, cooledAt);
    }

    /// @inheritdoc IUnderwritingPool
    function serveWithdrawals(uint256 max) external nonReentrant returns (uint256 served) {
        Config memory config = _config;
        uint256 head = config.head;
        for (; served < max && head < config.tail; ++served) {
            if (!_serve(head)) break;
            ++head;
        }
        _config.head = uint32(head);
    }

    /// @inheritdoc IUnderwritingPool
    function claim(address to) external nonReentrant returns (uint256 amount) {
        amount = claimable[msg.sender];
        if (amount == 0) revert PoolNothingToDo();
        claimable[msg.sender] = 0;
        IERC20(asset()).safeTransfer(to, amount);
        emit CreditClaimed(msg.sender, to, amount);
    }

    // ── write: book and settlement ──────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IUnderwritingPool
    function accept(
        SeriesId series,
        uint40 start,
        uint40 end,
        uint40 settleBy
    ) external only(BOOK) returns (uint8 window) {
        window = _windowFor(start, end);
        _series[series].state = SeriesState.Open;
        if (settleBy > _config.riskUntil) _config.riskUntil = settleBy;
        emit SeriesAccepted(series, start, end, window);
    }

    /// @inheritdoc IUnderwritingPool
    function write(
        SeriesId series,
        uint8 window,
        uint32 zone,
        uint64 seriesCapUnits,
        address payer,
        uint64 exposureUnits,
        uint64 premiumUnits
    ) external only(BOOK) nonReentrant returns (uint32 index) {
        SeriesAccount memory account = _series[series];
        if (account.state != SeriesState.Open) revert PoolSeriesState(series, account.state);
        uint256 exposure = uint256(account.exposure) + exposureUnits;
        if (exposure > seriesCapUnits) revert PoolSeriesCapExceeded(series, exposure, seriesCapUnits);
        if (zone != 0) _enterZone(zone, exposureUnits);
        _lock(exposureUnits, premiumUnits);

        index = account.count;
        account.exposure = uint64(exposure);
        account.premium += premiumUnits;
        account.count = index + 1;
        _series[series] = account;
        _windows[window].premium += premiumUnits;
        emit CoverWritten(series, index, exposureUnits, premiumUnits);
        _pull(payer, premiumUnits * UNIT);
    }

    /// @inheritdoc IUnderwritingPool
    function release(
        SeriesId series,
        uint8 window,
        uint32 zone,
        address holder,
        uint64 exposureUnits,
        uint64 premiumUnits,
        uint64 refundUnits
    ) external only(BOOK) nonReentrant {
        SeriesAccount storage account = _series[series];
        if (account.state != SeriesState.Open) revert PoolSeriesState(series, account.state);
        uint256 unearnedBefore = _unearned();
        _windows[window].premium -= premiumUnits;
        uint256 unearned = unearnedBefore - _unearned();
        uint256 refund = refundUnits * UNIT;
        if (refund > unearned) revert PoolRefundTooHigh(refund, unearned);
        account.exposure -= exposureUnits;
        account.premium -= premiumUnits;
        if (zone != 0) _zones[zone].exposure -= exposureUnits;
        _ledger.locked -= exposureUnits;
        _ledger.accounted -= uint128(refund);
        emit CoverReleased(series, holder, exposureUnits, refundUnits);
        _send(holder, refund);
    }

    /// @inheritdoc IUnderwritingPool
    function decide(SeriesId series, uint32 zone, uint16 payoutBps, bool refunding) external only(SETTLEMENT) {
        SeriesAccount memory account = _series[series];
        if (account.state != SeriesState.Open) revert PoolSeriesState(series, account.state);
        Ledger memory ledger = _ledger;
        uint64 exposure = account.exposure;
        ledger.locked -= exposure;
        if (zone != 0) _zones[zone].exposure -= exposure;

        uint64 reserve = refunding ? account.premium : uint64((uint256(exposure) * payoutBps) / FULL_BPS);
        ledger.reserved += reserve;
        _ledger = ledger;
        account.exposure = reserve;
        account.payoutBps = payoutBps;
        account.decidedAt = uint40(block.timestamp);
        account.state =
            reserve == 0
                ? SeriesState.Closed
                : refunding
                    ? SeriesState.Refunding
                    : SeriesState.Paying;
        _series[series] = account;
        emit LossReserved(series, account.state, payoutBps, reserve);
    }

    /// @inheritdoc IUnderwritingPool
    function pay(SeriesId series, uint32 advance, Payee[] calldata payees) external only(SETTLEMENT) nonReentrant {
        SeriesAccount memory account = _series[series];
        if (account.state != SeriesState.Paying && account.state != SeriesState.Refunding)
            revert PoolSeriesState(series, account.state);
        uint64 total;
        for (uint256 i; i < payees.length; ++i) total += payees[i].units;
        // Checked: the reserve bounds what is paid, whatever the settlement asks.
        account.exposure -= total;
        account.cursor += advance;

        uint64 dust;
        if (account.cursor >= account.count) {
            dust = account.exposure;
            account.exposure = 0;
            account.state = SeriesState.Closed;
        }
        Ledger memory ledger = _ledger;
        ledger.reserved -= total + dust;
        ledger.accounted -= uint128(total * UNIT);
        _ledger = ledger;
        _series[series] = account;
        if (account.state == SeriesState.Closed) emit SeriesClosed(series, dust);

        for (uint256 i; i < payees.length; ++i) {
            Payee calldata payee = payees[i];
            uint256 amount = payee.units * UNIT;
            emit PolicyPaid(payee.policyId, payee.holder, amount);
            _send(payee.holder, amount);
        }
    }

    // ── write: administration ───────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IUnderwritingPool
    function setPoolCap(uint64 capUnits) external restricted {
        _config.cap = capUnits;
        emit PoolCapChanged(capUnits);
    }

    /// @inheritdoc IUnderwritingPool
    function setZoneCap(uint32 zone, uint64 capUnits) external restricted {
        if (zone == 0) revert PoolNothingToDo();
        _zones[zone].cap = capUnits;
        emit ZoneCapChanged(zone, capUnits);
    }

    // ── internal ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev What belongs to the investors: never negative, see invariant I2.
    function _ownAssets(Ledger memory ledger) private view returns (uint256) {
        return ledger.accounted - _unearned() - ledger.reserved * UNIT;
    }

    /// @dev Premium of time to come, in base units, rounded up: nobody is paid from what is not earned.
    function _unearned() private view returns (uint256 total) {
        uint256 count = _config.windows;
        for (uint256 i; i < count; ++i) {
            Window memory window = _windows[i];
            if (window.premium == 0 || block.timestamp >= window.end) continue;
            uint256 premium = window.premium * UNIT;
            total +=
                block.timestamp <= window.start
                    ? premium
                    : Math.ceilDiv(premium * (window.end - block.timestamp), window.end - window.start);
        }
    }

    /// @dev Finds the window of these dates, or a free or past one for it.
    function _windowFor(uint40 start, uint40 end) private returns (uint8) {
        uint256 count = _config.windows;
        uint256 chosen = count;
        for (uint256 i; i < count; ++i) {
            Window memory window = _windows[i];
            if (window.start == start && window.end == end) return uint8(i);
            if (window.end <= block.timestamp) chosen = i;
        }
        if (chosen == MAX_WINDOWS) revert PoolWindowsFull();
        _windows[chosen] = Window(0, start, end);
        if (chosen == count) _config.windows = uint8(count + 1);
        return uint8(chosen);
    }

    function _enterZone(uint32 zone, uint64 exposureUnits) private {
        Zone memory state = _zones[zone];
        uint256 exposure = uint256(state.exposure) + exposureUnits;
        if (exposure > state.cap) revert PoolZoneCapExceeded(zone, exposure, state.cap);
        _zones[zone].exposure = uint64(exposure);
    }

    /// @dev Takes capital and premium into the ledger: the premium itself does not carry the risk it is paid for.
    function _lock(uint64 exposureUnits, uint64 premiumUnits) private {
        Ledger memory ledger = _ledger;
        uint256 limit = Math.min(_ownAssets(ledger) / UNIT, _config.cap);
        uint256 available = limit > ledger.locked ? limit - ledger.locked : 0;
        if (exposureUnits > available) revert PoolCapacityExceeded(exposureUnits, available);
        ledger.locked += exposureUnits;
        ledger.accounted += uint128(premiumUnits * UNIT);
        _ledger = ledger;
    }

    /// @dev Serves one ticket, whole or as far as free capital goes. True when it is done with.
    function _serve(uint256 ticket) private returns (bool done) {
        WithdrawalTicket memory request = _tickets[ticket];
        Ledger memory ledger = _ledger;
        if (block.timestamp < request.cooledAt) return false;
        if (block.timestamp < request.riskUntil && ledger.locked != 0) return false;

        uint256 own = _ownAssets(ledger);
        uint256 free = own - ledger.locked * UNIT;
        uint256 shares = request.shares;
        uint256 assets = previewRedeem(shares);
        done = assets <= free;
        if (done) {
            delete _tickets[ticket];
        } else {
            shares = _convertToShares(free, Math.Rounding.Floor);
            if (shares == 0) return false;
            assets = previewRedeem(shares);
            _tickets[ticket].shares = request.shares - shares;
        }
        _burn(address(this), shares);
        _ledger.accounted = uint128(ledger.accounted - assets);
        emit WithdrawalServed(ticket, request.owner, shares, assets);
        emit Withdraw(msg.sender, request.owner, request.owner, assets, shares);
        _send(request.owner, assets);
    }

    /// @dev ERC-4626 deposits: what arrives is measured.
    function _transferIn(address from, uint256 assets) internal override nonReentrant {
        _ledger.accounted += SafeCast.toUint128(assets);
        _pull(from, assets);
    }

    function _pull(address from, uint256 amount) private {
        IERC20 token = IERC20(asset());
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(from, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        if (received < amount) revert PoolShortReceipt(amount, received);
    }

    /// @dev Pays, or credits what could not be paid: nobody's refusal stops anybody else.
    function _send(address to, uint256 amount) private {
        if (amount == 0 || IERC20(asset()).trySafeTransfer(to, amount)) return;
        if (gasleft() < GAS_FLOOR) revert PoolGasTooLow(gasleft());
        claimable[to] += amount;
        emit PaymentCredited(to, amount);
    }

    /// @dev Three digits more than the asset: a first investor cannot round the next one's shares away.
    function _decimalsOffset() internal pure override returns (uint8) {
        return 3;
    }
}
