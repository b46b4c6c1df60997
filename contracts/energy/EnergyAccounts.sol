// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {AccountBook} from "./AccountBook.sol";
import {IAccountBook} from "./interfaces/IAccountBook.sol";
import {IEnergyAccounts} from "./interfaces/IEnergyAccounts.sol";
import {CurveOrders} from "./libraries/CurveOrders.sol";

/// @title EnergyAccounts
/// @notice The signed market's ledger and the posted-order door.
contract EnergyAccounts is IEnergyAccounts, AccountBook, AccessManaged {
    /// @inheritdoc IEnergyAccounts
    uint256 public immutable GATE_LEAD;
    /// @inheritdoc IEnergyAccounts
    uint256 public immutable WITHDRAWAL_DELAY;
    /// @notice Least energy of a posted order.
    uint256 public immutable MINIMUM_POST_WH;

    uint256 private constant SLOT_SECONDS = 900;
    uint256 private constant POST_HORIZON = 36 hours;
    uint256 private constant WITHDRAWAL_WINDOW = 7 days;
    /// @dev Slots whose queues can exist at once: the horizon and the longest time to void fit several times over.
    uint256 private constant RING = 1024;
    uint256 private constant RELEASED = 1;
    uint256 private constant POST_BYTES = 11;

    struct Withdrawal {
        uint64 amountMicro;
        uint40 announcedAt;
    }

    address private _exchange;
    address private _balancing;

    /// @dev By slot mod RING: head of the chain 224 | slot 32. Head 1 = released. Reused, so that a post costs no new word.
    uint256[RING] private _posts;
    mapping(uint256 account => mapping(uint16 nonce => uint40 at)) private _retiredAt;
    mapping(uint256 account => mapping(address key => uint40 until)) private _sessionUntil;
    mapping(uint256 account => Withdrawal) private _withdrawals;

    modifier onlyMarket() {
        if (msg.sender != _exchange && msg.sender != _balancing) revert EnergyNotMarket(msg.sender);
        _;
    }

    constructor(
        IERC20 token,
        address manager,
        uint256 gateLead,
        uint256 withdrawalDelay,
        uint256 minimumPostWh
    ) AccountBook(token) AccessManaged(manager) {
        GATE_LEAD = gateLead;
        WITHDRAWAL_DELAY = withdrawalDelay;
        MINIMUM_POST_WH = minimumPostWh;
    }

    // --- read ---

    /// @inheritdoc IEnergyAccounts
    function load(uint256[] calldata accounts) external view returns (uint256[] memory words) {
        uint256 count = accounts.length;
        words = new uint256[](count);
        unchecked {
            for (uint256 i = 0; i < count; ++i) words[i] = _accounts[uint32(accounts[i])];
        }
    }

    /// @inheritdoc IEnergyAccounts
    function wasNonceValid(uint32 account, uint16 nonce, uint256 gate) external view returns (bool) {
        uint16 current = uint16(_accounts[account] >> NONCE_SHIFT);
        return nonce == current || (nonce < current && _retiredAt[account][nonce] >= gate);
    }

    /// @inheritdoc IEnergyAccounts
    function sessionKeyUntil(uint32 account, address key) external view returns (uint40) {
        return _sessionUntil[account][key];
    }

    /// @inheritdoc IEnergyAccounts
    function reservedMicro(uint32 account, uint256 gate) external view returns (uint256) {
        Withdrawal memory pending = _withdrawals[account];
        return pending.announcedAt < gate ? pending.amountMicro : 0;
    }

    /// @inheritdoc IEnergyAccounts
    function postsOf(uint32 slot) external view returns (uint256 head, bool open) {
        uint256 word = _posts[slot % RING];
        if (uint32(word) != slot || word == 0) return (0, false);
        head = word >> 32;
        open = head != RELEASED;
    }

    // --- write ---

    /// @inheritdoc IEnergyAccounts
    function connect(address exchange, address balancing) external restricted {
        if (_exchange != address(0)) revert EnergyConnection(true);
        _exchange = exchange;
        _balancing = balancing;
        emit MarketsConnected(exchange, balancing);
    }

    /// @inheritdoc IEnergyAccounts
    function register(address owner, uint8 zone, uint8 flags) external restricted returns (uint32 account) {
        return _register(owner, zone, flags);
    }

    /// @inheritdoc IAccountBook
    function deposit(uint32 account, uint256 amountMicro) public override(AccountBook, IAccountBook) {
        if (_exchange == address(0)) revert EnergyConnection(false);
        super.deposit(account, amountMicro);
    }

    /// @inheritdoc IEnergyAccounts
    function raiseNonce(uint32 account) external returns (uint16 nonce) {
        uint256 word = _owned(account);
        uint16 retired = uint16(word >> NONCE_SHIFT);
        if (retired == type(uint16).max) revert EnergyNonceExhausted(account);
        _retiredAt[account][retired] = uint40(block.timestamp);
        _accounts[account] = word + (1 << NONCE_SHIFT);
        nonce = retired + 1;
        emit NonceRaised(account, nonce);
    }

    /// @inheritdoc IEnergyAccounts
    function setSessionKey(uint32 account, address key, uint40 until) external {
        _owned(account);
        // A key cannot be taken back from a book that is already closed, nor given to one.
        uint40 current = _sessionUntil[account][key];
        uint40 least = current < block.timestamp ? current : uint40(block.timestamp);
        if (until < least) until = least;
        _sessionUntil[account][key] = until;
        emit SessionKeySet(account, key, until);
    }

    /// @inheritdoc IEnergyAccounts
    function announceWithdrawal(uint32 account, uint64 amountMicro) external {
        uint256 word = _owned(account);
        _withdrawals[account] = Withdrawal(amountMicro, uint40(block.timestamp));
        _accounts[account] = amountMicro == 0 ? word & ~uint256(FLAG_WITHDRAWING) : word | FLAG_WITHDRAWING;
        emit WithdrawalAnnounced(account, amountMicro, block.timestamp + WITHDRAWAL_DELAY);
    }

    /// @inheritdoc IEnergyAccounts
    function withdraw(uint32 account) external nonReentrant {
        Withdrawal memory pending = _withdrawals[account];
        uint256 payableAt = pending.announcedAt + WITHDRAWAL_DELAY;
        bool due = block.timestamp >= payableAt && block.timestamp < payableAt + WITHDRAWAL_WINDOW;
        if (pending.amountMicro == 0 || !due) revert EnergyWithdrawalNotPayable(account, payableAt);
        delete _withdrawals[account];
        _accounts[account] &= ~uint256(FLAG_WITHDRAWING);
        _pay(account, pending.amountMicro);
    }

    /// @inheritdoc IEnergyAccounts
    function post(uint32 slot, uint32 account, uint48 step) external {
        uint256 closesAt = uint256(slot) * SLOT_SECONDS - GATE_LEAD;
        if (block.timestamp >= closesAt || block.timestamp + POST_HORIZON < closesAt)
            revert EnergyPostWindow(slot, closesAt - POST_HORIZON, closesAt);
        uint256 energyWh = step & 0x7fffffff;
        if (energyWh < MINIMUM_POST_WH || energyWh == 0) revert EnergyPostTooSmall(energyWh, MINIMUM_POST_WH);
        uint256 locked = _worstCase(step);
        _accounts[account] = _debited(account, _owned(account), locked);
        uint256 head = _posts[slot % RING];
        if (head != 0 && uint32(head) != slot) {
            if (head >> 32 != RELEASED) revert EnergyPostsPending(uint32(head));
            head = 0;
        }
        _posts[slot % RING] = (CurveOrders.chain(head >> 32, account, step) << 32) | slot;
        emit OrderPosted(slot, account, step);
    }

    /// @inheritdoc IEnergyAccounts
    function release(
        uint32 firstSlot,
        uint256 count,
        bytes calldata posted
    ) external onlyMarket returns (uint256[] memory words) {
        words = new uint256[](posted.length / POST_BYTES);
        uint256 next = 0;
        for (uint256 t = 0; t < count; ++t) {
            uint32 slot = firstSlot + uint32(t);
            uint256 stored = _posts[slot % RING];
            bool open = stored != 0 && uint32(stored) == slot && stored >> 32 != RELEASED;
            uint256 begin = next;
            uint256 head = 0;
            (next, head) = _releaseSlot(posted, words, next, t);
            if (head != (open ? stored >> 32 : 0)) revert EnergyPostsOmitted(slot);
            if (open) {
                _posts[slot % RING] = (RELEASED << 32) | slot;
                emit PostsReleased(slot, next - begin);
            }
        }
        if (next * POST_BYTES != posted.length) revert EnergyPostsOmitted(firstSlot + uint32(count));
    }

    /// @inheritdoc IEnergyAccounts
    function move(
        uint256[] calldata entries,
        uint32 residual,
        bool upTo
    ) external onlyMarket returns (int256 residualMicro) {
        uint256 count = entries.length;
        unchecked {
            for (uint256 i = 0; i < count; ++i) {
                uint256 entry = entries[i];
                int256 change = int256(entry << 32) >> 32;
                if (change != 0) residualMicro -= _change(uint32(entry >> 224), change, upTo);
            }
        }
        if (residualMicro < 0 && !upTo) revert EnergyUnbalanced(residualMicro);
        if (residualMicro != 0) _change(residual, residualMicro, false);
    }

    // --- internal ---

    /// @dev Applies a change and returns what of it could be applied.
    function _change(uint32 account, int256 change, bool upTo) private returns (int256) {
        uint256 word = _accounts[account];
        if (change > 0) {
            if (word == 0) revert EnergyUnknownAccount(account);
            _accounts[account] = _credited(account, word, uint256(change));
            return change;
        }
        uint256 due = uint256(-change);
        uint256 balance = uint64(word >> BALANCE_SHIFT);
        if (upTo && due > balance) {
            emit ShortfallBorne(account, due - balance);
            due = balance;
        }
        _accounts[account] = _debited(account, word, due);
        return -int256(due);
    }

    /// @dev Frees the locks of all orders given for slot `t` from `next` on, and rebuilds the head of their chain.
    function _releaseSlot(
        bytes calldata posted,
        uint256[] memory words,
        uint256 next,
        uint256 t
    ) private returns (uint256, uint256 head) {
        unchecked {
            for (; next < words.length; ++next) {
                (uint256 index, uint32 account, uint48 step) = CurveOrders.postAt(posted, next);
                if (index != t) break;
                uint256 word = _credited(account, _accounts[account], _worstCase(step));
                _accounts[account] = words[next] = word;
                head = CurveOrders.chain(head, account, step);
            }
        }
        return (next, head);
    }

    /// @dev The most an order can cost: a bid at a positive limit, an offer at a negative one.
    function _worstCase(uint48 step) private pure returns (uint256) {
        int256 tick = int256(uint256(step >> 32) & 0x7fff) - 16384;
        if (step >> 47 == 1) tick = -tick;
        return tick > 0 ? uint256(tick) * (step & 0x7fffffff) : 0;
    }
}
